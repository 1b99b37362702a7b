// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.handshaker.core.Caller;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.queue.Event;
import org.handshaker.queue.Receiver;
import org.handshaker.web.Json;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket: reads frames, one at a time, and hands them to {@link Sockets}; sends frames without waiting for the
 * reader. Jetty demands that the class be public.
 */
public final class SignalSocket extends Receiver implements Session.Listener.AutoDemanding {
    private final Sockets sockets;
    private final AtomicBoolean isClosing = new AtomicBoolean();
    private volatile @Nullable Session session;
    private volatile @Nullable Caller caller;
    private volatile long lastHeardNanos = System.nanoTime();
    private volatile long lastPingNanos = lastHeardNanos;
    private final long openedNanos = lastHeardNanos;
    /** When a tick first saw it closing; only the ticker touches it. */
    private long closingNanos;

    /** Characters handed over and not yet written; a blind ack moves the window without anything being read. */
    private final AtomicLong charsOut = new AtomicLong();
    /** When the last malformed frames came; only the reading thread touches it. */
    private final long[] malformedNanos = new long[Limits.MALFORMED_FRAMES_MAX];

    private int malformedFrames;

    SignalSocket(Sockets sockets, @Nullable Caller caller) {
        this.sockets = sockets;
        this.caller = caller;
    }

    @Nullable
    Caller caller() {
        return caller;
    }

    @Override
    public void onWebSocketOpen(Session opened) {
        session = opened;
        @Nullable Caller known = caller;
        sockets.opened(this);
        if (known != null) {
            signIn(known);
        }
    }

    @Override
    public void onWebSocketText(String text) {
        if (isClosing.get()) {
            // Jetty reads on until the other side closes too, which a thief whose session was revoked never does.
            return;
        }
        lastHeardNanos = System.nanoTime();
        @Nullable String id = null;
        try {
            Map<String, Object> frame = Json.map(text);
            id = frame.get("id") instanceof String given && given.length() <= Limits.EVENT_ID_CHARS_MAX ? given : null;
            handle(frame);
        } catch (Refused refused) {
            refuse(id, refused);
        } catch (RuntimeException bug) {
            refuse(id, Reason.INTERNAL.refuse());
        }
    }

    private void handle(Map<String, Object> frame) {
        String type = String.valueOf(frame.get("type"));
        @Nullable Caller known = caller;
        if (known == null) {
            if (!type.equals("auth")) {
                close(CloseCode.NOT_SIGNED_IN);
                return;
            }
            authenticate(Json.convert(frame, Frames.Auth.class));
            return;
        }
        switch (type) {
            case "send" -> send(known, Json.convert(frame, Frames.Send.class));
            case "ack" -> sockets.ack(this, known, Json.convert(frame, Frames.Ack.class));
            case "ping" -> {
                sockets.countFrame(known);
                Json.convert(frame, Frames.Ping.class);
                sendFrame(Frames.pong());
            }
            case "presence" -> sockets.choosePresence(known, Json.convert(frame, Frames.PresenceChoice.class));
            case "room.join", "room.signal", "room.leave" -> throw Reason.NOT_FOUND.refuse();
            default -> throw Reason.MALFORMED.refuse("There is no such frame.");
        }
    }

    private void authenticate(Frames.Auth auth) {
        try {
            Caller signedIn = sockets.authenticate(auth.token());
            caller = signedIn;
            signIn(signedIn);
        } catch (Refused refused) {
            close(CloseCode.NOT_SIGNED_IN);
        }
    }

    private void signIn(Caller signedIn) {
        try {
            sockets.signedIn(this, signedIn);
        } catch (Refused refused) {
            refuse(null, refused);
            close(refused.reason() == Reason.TOO_MANY_SOCKETS ? CloseCode.TOO_FAST : CloseCode.REVOKED);
        }
    }

    private void send(Caller known, Frames.Send send) {
        var unused = sockets.send(known, send).whenComplete((receipt, failed) -> {
            if (failed == null) {
                sendFrame(Frames.receipt(send.id(), receipt));
                return;
            }
            @Nullable Throwable cause = failed instanceof CompletionException ? failed.getCause() : failed;
            sendFrame(Frames.refused(send.id(), cause instanceof Refused no ? no : Reason.INTERNAL.refuse()));
        });
    }

    private void refuse(@Nullable String id, Refused refused) {
        sendFrame(Frames.refused(id, refused));
        if (refused.reason() == Reason.MALFORMED && isThirdInAMinute()) {
            close(CloseCode.MALFORMED);
        }
    }

    private boolean isThirdInAMinute() {
        long now = System.nanoTime();
        int slot = malformedFrames++ % malformedNanos.length;
        malformedNanos[slot] = now;
        if (malformedFrames < malformedNanos.length) {
            return false;
        }
        long oldest = malformedNanos[malformedFrames % malformedNanos.length];
        return now - oldest < 60_000_000_000L;
    }

    @Override
    public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
        callback.succeed();
        if (isClosing.get()) {
            return;
        }
        lastHeardNanos = System.nanoTime();
        refuse(null, Reason.MALFORMED.refuse("Frames are text."));
    }

    @Override
    public void onWebSocketPong(ByteBuffer payload) {
        lastHeardNanos = System.nanoTime();
    }

    @Override
    public void onWebSocketError(Throwable cause) {
        // Jetty closes the socket and says so; what it was about is nobody's business here.
        isClosing.set(true);
    }

    @Override
    public void onWebSocketClose(int statusCode, @Nullable String reason, Callback callback) {
        isClosing.set(true);
        sockets.closed(this);
        callback.succeed();
    }

    @Override
    protected void push(Event event) {
        sendFrame(Frames.event(event));
    }

    /** Sends without waiting; a reader who lets too many frames pile up is cut off and comes back to its queue. */
    void sendFrame(String json) {
        @Nullable Session open = session;
        if (open == null || !open.isOpen()) {
            return;
        }
        String frame = sockets.padded(json);
        int chars = frame.length();
        long here = charsOut.addAndGet(chars);
        long everywhere = sockets.charsOut.addAndGet(chars);
        if (here > Limits.CHARS_OUT_MAX || (everywhere > Limits.CHARS_OUT_ALL_MAX && here > Limits.CHARS_OUT_SHARE)) {
            written(chars);
            open.disconnect();
            return;
        }
        open.sendText(frame, Callback.from(() -> written(chars), slow -> {
            written(chars);
            open.disconnect();
        }));
    }

    private void written(int chars) {
        charsOut.addAndGet(-chars);
        sockets.charsOut.addAndGet(-chars);
    }

    /** Says why, then closes; whoever does not answer the close is cut off at the next tick. */
    void close(CloseCode why) {
        @Nullable Session open = session;
        if (open != null && isClosing.compareAndSet(false, true)) {
            open.close(why.code, why.text, Callback.from(() -> {}, gone -> open.disconnect()));
        }
    }

    /** Once every few seconds: signs of life, and an end to those without. */
    void tick(long nowNanos) {
        @Nullable Session open = session;
        if (open == null) {
            return;
        }
        if (isClosing.get()) {
            // Jetty no longer calls it open then, but it holds its place until it is gone.
            closingNanos = closingNanos == 0 ? nowNanos : closingNanos;
            if (nowNanos - closingNanos > Limits.SOCKET_CLOSE_WAIT.toNanos()) {
                open.disconnect();
            }
            return;
        }
        long silent = nowNanos - lastHeardNanos;
        if (silent > Limits.SOCKET_IDLE.toNanos()) {
            close(CloseCode.IDLE);
        } else if (caller == null && nowNanos - openedNanos > Limits.SOCKET_SIGN_IN_WAIT.toNanos()) {
            close(CloseCode.NOT_SIGNED_IN);
        } else if (nowNanos - lastPingNanos > Limits.SOCKET_PING.toNanos()) {
            lastPingNanos = nowNanos;
            open.sendPing(ByteBuffer.allocate(0), Callback.NOOP);
        }
    }
}
