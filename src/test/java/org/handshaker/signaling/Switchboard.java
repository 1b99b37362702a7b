// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.handshaker.core.Caller;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Listen;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Standing;
import org.handshaker.presence.Presence;
import org.handshaker.rooms.Rooms;
import org.handshaker.support.Circle;
import org.handshaker.support.WireSocket;
import org.handshaker.web.Gate;
import org.handshaker.web.Hosts;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.handshaker.web.WebServer;
import org.jspecify.annotations.NullUnmarked;

/** Sockets behind the real web server, with users but without sign-in: a token is a user's id and a session's. */
@NullUnmarked // hands over nothing where something is expected, on purpose
final class Switchboard implements AutoCloseable {
    static final String NAMED_ORIGIN = "https://client.example";
    static final int SOCKETS_MAX = 20;

    final Circle circle;
    final Sockets sockets;
    final Rooms rooms = new Rooms(10);
    final AtomicLong nanos = new AtomicLong(System.nanoTime());
    /** Sessions that have ended. */
    final Set<Id> ended = ConcurrentHashMap.newKeySet();
    /** Tokens that ran out while their sessions stand. */
    final Set<String> expired = ConcurrentHashMap.newKeySet();
    /** Refuses what it likes. */
    final AtomicReference<java.util.function.Consumer<Cost>> gate = new AtomicReference<>(cost -> {});

    private final WebServer server;
    private final String url;

    enum Pads {
        ON,
        OFF
    }

    Switchboard(Path path) {
        this(path, Pads.ON);
    }

    Switchboard(Path path, Pads pads) {
        circle = new Circle(path);
        sockets = new Sockets(
                circle.directory,
                new Signaling(circle.directory, circle.connections, circle.groups, circle.queue),
                circle.queue,
                (listener, teller) -> new Presence(circle.directory, circle.connections, listener, teller, nanos::get),
                rooms,
                this::authenticate,
                caller -> !ended.contains(caller.session()),
                new Counting(),
                pads == Pads.ON,
                SOCKETS_MAX,
                nanos::get);
        circle.visibility.set((viewer, user) -> sockets.presence().maySee(user));
        server = new WebServer(
                Listen.parse("127.0.0.1:0"),
                WebServer.Front.PLAIN,
                List.of(Route.socket("/ws", sockets::open), Route.socket("/ws/{room}", sockets::openEarlier)),
                this::authenticate,
                new Counting(),
                new Hosts(Set.of(NAMED_ORIGIN)),
                pads == Pads.ON);
        url = server.start();
    }

    private final class Counting implements Gate {
        @Override
        public void pass(Cost cost, Caller caller, OptionalInt circuit) {
            gate.get().accept(cost);
        }

        @Override
        public void passAsStranger(Cost cost) {}

        @Override
        public boolean passAsDevice(Cost cost, Id user) {
            return true;
        }

        @Override
        public CompletionStage<Reply> admit(Standing standing, Supplier<Reply> work) {
            return CompletableFuture.completedFuture(work.get());
        }
    }

    private Caller authenticate(String token) {
        try {
            String[] parts = token.split("\\.", 2);
            Caller caller = new Caller(Id.parse(parts[0]), Id.parse(parts[1]));
            if (!ended.contains(caller.session()) && !expired.contains(token)) {
                return caller;
            }
        } catch (Refused | ArrayIndexOutOfBoundsException noToken) {
            throw Reason.NOT_SIGNED_IN.refuse();
        }
        throw Reason.NOT_SIGNED_IN.refuse();
    }

    static String token(Id user, Id session) {
        return user.text() + "." + session.text();
    }

    String url() {
        return url;
    }

    Id user(String name) {
        return circle.user(name);
    }

    /** A socket, signed in, whose {@code ready} was taken. */
    WireSocket socket(Id user) {
        return socket(user, Id.random());
    }

    WireSocket socket(Id user, Id session) {
        WireSocket socket = WireSocket.open(url, "Authorization: Bearer " + token(user, session));
        Object type = socket.next().get("type");
        if (!"ready".equals(type)) {
            throw new AssertionError("expected ready, got " + type);
        }
        return socket;
    }

    /** A socket that has not said who it is. */
    WireSocket stranger(String... headers) {
        return WireSocket.open(url, headers);
    }

    /** Lets time pass for the sockets. */
    void pass(Duration duration) {
        nanos.addAndGet(duration.toNanos());
        sockets.tick();
    }

    /** Ends a session as signing out does. */
    void end(Id user, Id session) {
        ended.add(session);
        sockets.sessionEnded(user, session);
    }

    static String send(String id, String to, String payload) {
        return "{\"type\":\"send\",\"id\":\"" + id + "\",\"to_user\":\"" + to + "\",\"kind\":\"message\",\"payload\":\""
                + payload + "\"}";
    }

    @Override
    public void close() {
        sockets.close();
        server.close();
        circle.close();
    }
}
