// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.eclipse.jetty.websocket.client.ClientUpgradeRequest;
import org.handshaker.core.Reason;
import org.handshaker.core.Secrets;
import org.handshaker.web.Json;
import org.jspecify.annotations.Nullable;

/**
 * One person's open socket. A send completes when the relay gave its receipt, and fails with {@link RelayRefused} or, when
 * the socket closed first, with {@link RelayUnreachable}: then the same id may be sent again over another socket. Opening
 * another one is the caller's business.
 */
public final class RelaySocket implements AutoCloseable {
    /** How the token travels. */
    public enum Greeting {
        /** In the {@code Authorization} header of the upgrade. */
        HEADER,
        /** In the first frame, as browsers do it. */
        FRAME
    }

    /** What happens at the socket; called one at a time, on the socket's thread, which must not be held up. */
    public interface Listener {
        void event(Event event);

        default void refused(RelayRefused refused) {}

        /** One is in a room now, as {@code you}; {@code members} are the ids of all, one's own among them. */
        default void roomJoined(String room, String you, List<String> members) {}

        default void roomMemberJoined(String room, String clientId) {}

        default void roomMemberLeft(String room, String clientId) {}

        default void roomSignal(String room, String from, String kind, String payload) {}

        default void closed(int code) {}
    }

    /** The relay's first word. */
    public record Ready(String username, Object epoch, long pending) {}

    private static final int NORMAL = 1000;

    private final Carrier carrier;
    private final Listener listener;
    private final CompletableFuture<Ready> ready = new CompletableFuture<>();
    private final Map<String, CompletableFuture<Receipt>> unanswered = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<CompletableFuture<Void>> pings = new ConcurrentLinkedQueue<>();
    private volatile @Nullable Session session;
    private volatile @Nullable RelayUnreachable over;

    private RelaySocket(Carrier carrier, Listener listener) {
        this.carrier = carrier;
        this.listener = listener;
    }

    static RelaySocket open(Carrier carrier, String token, Greeting greeting, Listener listener) {
        RelaySocket socket = new RelaySocket(carrier, listener);
        ClientUpgradeRequest upgrade = new ClientUpgradeRequest(carrier.origin("ws", "/ws"));
        // Compressed frames would tell their content by their length.
        upgrade.setExtensions(List.of());
        if (greeting == Greeting.HEADER) {
            upgrade.setHeader("Authorization", "Bearer " + token);
        }
        try {
            CompletableFuture<Session> opened = carrier.sockets().connect(new Frames(socket), upgrade);
            socket.session = carrier.await(opened.exceptionallyCompose(RelaySocket::refusal), Duration.ZERO);
            if (greeting == Greeting.FRAME) {
                socket.write(Map.of("type", "auth", "token", token));
            }
            carrier.await(socket.ready, Duration.ZERO);
            return socket;
        } catch (IOException broken) {
            throw new RelayUnreachable("Nothing answers at " + carrier.address() + ".", broken);
        } catch (RelayRefused | RelayUnreachable failed) {
            socket.close();
            throw failed;
        }
    }

    private static CompletableFuture<Session> refusal(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof UpgradeException upgrade && upgrade.getResponseStatusCode() >= 400) {
            int status = upgrade.getResponseStatusCode();
            return CompletableFuture.failedFuture(new RelayRefused(
                    status,
                    status == 401 ? Reason.NOT_SIGNED_IN.code() : "http_" + status,
                    "The relay refused the socket.",
                    0,
                    Map.of()));
        }
        return CompletableFuture.failedFuture(cause);
    }

    public Ready ready() {
        return ready.join();
    }

    public boolean isOpen() {
        return over == null;
    }

    /** Sends an event under a fresh id. */
    public CompletableFuture<Receipt> send(String toUser, String kind, String payload) {
        return send(Secrets.base64Url(Secrets.randomBytes(16)), toUser, kind, payload);
    }

    /** Sends an event under the caller's own id; the same id to the same person is the same event. */
    public CompletableFuture<Receipt> send(String id, String toUser, String kind, String payload) {
        Map<String, Object> frame = new LinkedHashMap<>();
        frame.put("to_user", toUser);
        frame.put("kind", kind);
        frame.put("payload", payload);
        return send(id, frame);
    }

    private CompletableFuture<Receipt> send(String id, Map<String, Object> frame) {
        CompletableFuture<Receipt> receipt = new CompletableFuture<>();
        unanswered.put(id, receipt);
        frame.put("type", "send");
        frame.put("id", id);
        write(frame);
        // Looked at after the put: a close between the two has already swept the map.
        @Nullable RelayUnreachable closed = over;
        if (closed != null && unanswered.remove(id) != null) {
            receipt.completeExceptionally(closed);
        }
        return receipt;
    }

    /** Sends to all others of a group, for the epoch for which it was sealed; the relay has it on its disk when this completes. */
    public CompletableFuture<Receipt> sendToGroup(
            String id, String group, long groupEpoch, String kind, String payload) {
        Map<String, Object> frame = new LinkedHashMap<>();
        frame.put("group", group);
        frame.put("group_epoch", groupEpoch);
        frame.put("kind", kind);
        frame.put("payload", payload);
        return send(id, frame);
    }

    /** Acknowledges all events up to this one; the relay forgets them. */
    public void ack(long upToSeq) {
        write(Map.of("type", "ack", "up_to", upToSeq));
    }

    /** Joins a room; the listener hears of it, or of the refusal. */
    public void joinRoom(String room) {
        write(Map.of("type", "room.join", "room", room));
    }

    /** Says something to all others in a room; it is kept for nobody. */
    public void signalRoom(String room, String kind, String payload) {
        write(Map.of("type", "room.signal", "room", room, "kind", kind, "payload", payload));
    }

    /** Says something to one member. */
    public void signalRoom(String room, String to, String kind, String payload) {
        write(Map.of("type", "room.signal", "room", room, "to", to, "kind", kind, "payload", payload));
    }

    public void leaveRoom(String room) {
        write(Map.of("type", "room.leave", "room", room));
    }

    /** Completes with the relay's pong. */
    public CompletableFuture<Void> ping() {
        CompletableFuture<Void> pong = new CompletableFuture<>();
        pings.add(pong);
        write(Map.of("type", "ping"));
        @Nullable RelayUnreachable closed = over;
        if (closed != null) {
            pong.completeExceptionally(closed);
        }
        return pong;
    }

    private void write(Map<String, Object> frame) {
        @Nullable Session open = session;
        if (open != null) {
            open.sendText(Json.text(frame), Callback.from(() -> {}, failure -> ended(0, failure)));
        }
    }

    private void read(String text) {
        try {
            dispatch(new Answer(Json.map(text)));
        } catch (RuntimeException unreadable) {
            // Whatever is wrong with a frame, going on would leave someone waiting for ever.
            ended(0, unreadable);
            close();
        }
    }

    private void dispatch(Answer frame) {
        switch (frame.text("type")) {
            case "event" -> {
                @Nullable Answer inner = frame.objectIfAny("event");
                listener.event(Event.of(inner == null ? frame : inner));
            }
            case "receipt" -> {
                @Nullable CompletableFuture<Receipt> receipt = unanswered.remove(frame.text("id"));
                if (receipt != null) {
                    receipt.complete(Receipt.of(frame));
                }
            }
            case "refused" -> refused(frame);
            case "room.joined" -> listener.roomJoined(frame.text("room"), frame.text("you"), frame.texts("members"));
            case "room.member" -> {
                if (Boolean.TRUE.equals(frame.members().get("joined"))) {
                    listener.roomMemberJoined(frame.text("room"), frame.text("client_id"));
                } else {
                    listener.roomMemberLeft(frame.text("room"), frame.text("client_id"));
                }
            }
            case "room.signal" ->
                listener.roomSignal(frame.text("room"), frame.text("from"), frame.text("kind"), frame.text("payload"));
            case "ready" ->
                ready.complete(new Ready(frame.text("username"), frame.opaque("epoch"), frame.numberOr("pending", 0)));
            case "pong" -> {
                @Nullable CompletableFuture<Void> ping = pings.poll();
                if (ping != null) {
                    ping.complete(null);
                }
            }
            default -> {
                // A newer relay may say more than is known here.
            }
        }
    }

    private void refused(Answer frame) {
        @Nullable String detail = frame.textIfAny("detail");
        RelayRefused refused = new RelayRefused(
                0,
                frame.text("code"),
                detail == null ? "The relay refused a frame." : detail,
                (int) frame.numberOr("retry_after", 0),
                frame.members());
        @Nullable String id = frame.textIfAny("id");
        @Nullable CompletableFuture<Receipt> receipt = id == null ? null : unanswered.remove(id);
        if (receipt == null) {
            listener.refused(refused);
        } else {
            receipt.completeExceptionally(refused);
        }
    }

    /** The first end counts; whoever waits for an answer is told. */
    private void ended(int code, @Nullable Throwable cause) {
        RelayUnreachable end;
        synchronized (this) {
            if (over != null) {
                return;
            }
            end = new RelayUnreachable(
                    "The socket to " + carrier.address() + " closed" + (code == 0 ? "." : " with " + code + "."),
                    cause);
            over = end;
        }
        if (code == 4401 || code == 4403) {
            ready.completeExceptionally(
                    new RelayRefused(401, Reason.NOT_SIGNED_IN.code(), "The relay closed the socket.", 0, Map.of()));
        } else {
            ready.completeExceptionally(end);
        }
        unanswered.keySet().forEach(id -> {
            @Nullable CompletableFuture<Receipt> receipt = unanswered.remove(id);
            if (receipt != null) {
                receipt.completeExceptionally(end);
            }
        });
        pings.forEach(ping -> ping.completeExceptionally(end));
        listener.closed(code);
    }

    @Override
    public void close() {
        @Nullable Session open = session;
        if (open != null) {
            open.close(NORMAL, null, Callback.NOOP);
        }
    }

    @Override
    public String toString() {
        return "RelaySocket";
    }

    /** Public only because Jetty calls it through a public method handle. */
    public static final class Frames extends Session.Listener.AbstractAutoDemanding {
        private final RelaySocket socket;

        private Frames(RelaySocket socket) {
            this.socket = socket;
        }

        @Override
        public void onWebSocketText(String text) {
            socket.read(text);
        }

        @Override
        public void onWebSocketClose(int code, String reason, Callback callback) {
            socket.ended(code, null);
            callback.succeed();
        }

        @Override
        public void onWebSocketError(Throwable cause) {
            socket.ended(0, cause);
        }
    }
}
