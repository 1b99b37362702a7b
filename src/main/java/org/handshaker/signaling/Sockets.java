// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.handshaker.core.Caller;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.directory.User;
import org.handshaker.presence.Presence;
import org.handshaker.presence.PresenceListener;
import org.handshaker.presence.Status;
import org.handshaker.queue.Kind;
import org.handshaker.queue.Queue;
import org.handshaker.queue.QueueRoutes;
import org.handshaker.rooms.Rooms;
import org.handshaker.rooms.Signal;
import org.handshaker.rooms.Tongue;
import org.handshaker.web.Authenticator;
import org.handshaker.web.Gate;
import org.handshaker.web.Json;
import org.handshaker.web.Padding;
import org.handshaker.web.Turn;
import org.jspecify.annotations.Nullable;

/**
 * All open sockets, by user: signs them in, cuts them off with their session, keeps them alive. Bounded in all and per user.
 */
public final class Sockets implements PresenceListener, AutoCloseable {
    private static final long TICK_SECONDS = 1;

    private final Directory directory;
    private final Signaling signaling;
    private final Queue queue;
    private final Presence presence;
    private final Rooms rooms;
    private final Authenticator authenticator;
    private final LiveSessions sessions;
    private final Gate gate;
    private final boolean pads;
    private final int socketsMax;
    private final LongSupplier nanos;
    private final Set<SignalSocket> all = ConcurrentHashMap.newKeySet();
    /** Sockets that have not said who they are. */
    private final AtomicInteger unsigned = new AtomicInteger();

    private final Map<Id, Set<SignalSocket>> byUser = new ConcurrentHashMap<>();
    /** Handed over for all sockets together and not yet written. */
    final AtomicLong bytesOut = new AtomicLong();
    /** Held of messages that are not complete, for all sockets together. */
    final AtomicLong bytesIn = new AtomicLong();

    private final ScheduledExecutorService ticker =
            Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "ticker"));
    /** Holds at most one task for each user who is here; what comes after the end is nobody's news any more. */
    private final ThreadPoolExecutor teller = oneThread("presence");

    /**
     * Writes for threads that must not spend their time on it: the commit thread above all, whose receipts go to many sockets
     * at once. While it writes to one, what others have to say gathers. Holds each socket once at most.
     */
    private final ThreadPoolExecutor writer = oneThread("socket-writer");

    /**
     * Takes out of their rooms whoever has gone: a socket may end while one who pushes events to it holds a queue, and who is
     * let out of a room by that would want other sockets' queues in turn. Holds each socket once at most.
     */
    private final ThreadPoolExecutor usher = oneThread("rooms");

    private final Tongue ownTongue;
    private final Tongue earlierTongue;
    private volatile boolean stopping;
    private volatile Consumer<Reason> whenRefused = reason -> {};
    /** Told when the last socket of a stopping relay has gone. */
    private final Object goodbyes = new Object();

    /** @param presence makes the presence that tells this listener, on that thread */
    public Sockets(
            Directory directory,
            Signaling signaling,
            Queue queue,
            BiFunction<PresenceListener, Executor, Presence> presence,
            Rooms rooms,
            Authenticator authenticator,
            LiveSessions sessions,
            Gate gate,
            boolean pads) {
        this(
                directory,
                signaling,
                queue,
                presence,
                rooms,
                authenticator,
                sessions,
                gate,
                pads,
                Limits.SOCKETS_MAX,
                System::nanoTime);
    }

    /** For tests, which have their own clock and little patience. */
    Sockets(
            Directory directory,
            Signaling signaling,
            Queue queue,
            BiFunction<PresenceListener, Executor, Presence> presence,
            Rooms rooms,
            Authenticator authenticator,
            LiveSessions sessions,
            Gate gate,
            boolean pads,
            int socketsMax,
            LongSupplier nanos) {
        this.directory = directory;
        this.signaling = signaling;
        this.queue = queue;
        this.presence = presence.apply(this, teller);
        this.rooms = rooms;
        this.ownTongue = new OwnTongue(this);
        this.earlierTongue = new EarlierTongue(this);
        this.authenticator = authenticator;
        this.sessions = sessions;
        this.gate = gate;
        this.pads = pads;
        this.socketsMax = socketsMax;
        this.nanos = nanos;
    }

    private static ThreadPoolExecutor oneThread(String name) {
        return new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                task -> daemon(task, name),
                new ThreadPoolExecutor.DiscardPolicy());
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    public void start() {
        var unused = ticker.scheduleAtFixedRate(this::tick, TICK_SECONDS, TICK_SECONDS, TimeUnit.SECONDS);
    }

    void tick() {
        rooms.expire();
        presence.expire();
        for (SignalSocket socket : all) {
            try {
                socket.tick();
            } catch (RuntimeException broken) {
                // One socket's trouble must not end the ticks of all the others.
                socket.disconnect();
            }
        }
    }

    /** For spans only; it has nothing to do with the time of day. */
    long nanos() {
        return nanos.getAsLong();
    }

    /** Makes the endpoint of an upgrade. */
    Object open(@Nullable Caller caller, OptionalInt circuit, Map<String, String> path) {
        requirePlace(caller);
        return new SignalSocket(this, caller);
    }

    /** The same for a socket that speaks the earlier protocol of rooms. */
    Object openEarlier(@Nullable Caller caller, OptionalInt circuit, Map<String, String> path) {
        requirePlace(caller);
        return new EarlierSocket(this, caller, EarlierSocket.room(path.getOrDefault("room", "")));
    }

    /** Half of the places are kept for those who have shown a token. */
    private void requirePlace(@Nullable Caller caller) {
        if (stopping) {
            throw Reason.SHUTTING_DOWN.refuse();
        }
        if (all.size() >= socketsMax || (caller == null && unsigned.get() >= socketsMax / 2)) {
            throw Reason.BUSY.refuse();
        }
    }

    void opened(SignalSocket socket) {
        all.add(socket);
        if (socket.beginUnsigned()) {
            unsigned.incrementAndGet();
        }
        if (stopping) {
            socket.close(CloseCode.SHUTTING_DOWN);
        }
    }

    Caller authenticate(String token) {
        return authenticator.authenticate(token);
    }

    /** Lists the socket, then asks again whether the session stands: whichever comes second sees the other. */
    void signedIn(SignalSocket socket, Caller caller) {
        Id user = caller.user();
        list(socket, user);
        byte[] ready;
        try {
            User self = directory.byId(user).orElseThrow(Reason.SESSION_REVOKED::refuse);
            if (!sessions.isLive(caller)) {
                throw Reason.SESSION_REVOKED.refuse();
            }
            ready = Frames.ready(self.name().at(), queue.epoch(), queue.pending(user));
        } catch (RuntimeException refused) {
            unlist(socket, user);
            throw refused;
        }
        presence.opened(user);
        try {
            socket.greet(ready);
            queue.connect(user, socket);
        } catch (RuntimeException failed) {
            depart(socket, user);
            throw failed;
        }
        if (!socket.enter()) {
            depart(socket, user);
        }
    }

    private void list(SignalSocket socket, Id user) {
        byUser.compute(user, (id, known) -> {
            Set<SignalSocket> sockets = known == null ? ConcurrentHashMap.newKeySet() : known;
            if (sockets.size() >= Limits.SOCKETS_PER_USER_MAX) {
                throw Reason.TOO_MANY_SOCKETS.refuse();
            }
            sockets.add(socket);
            return sockets;
        });
    }

    private void unlist(SignalSocket socket, Id user) {
        byUser.computeIfPresent(user, (id, sockets) -> {
            sockets.remove(socket);
            return sockets.isEmpty() ? null : sockets;
        });
    }

    /** Lists a socket that wants one room and nothing else, then asks again whether the session stands. */
    void signedIn(EarlierSocket socket, Caller caller, Id room, @Nullable String wish) {
        Id user = caller.user();
        list(socket, user);
        try {
            if (!sessions.isLive(caller)) {
                throw Reason.SESSION_REVOKED.refuse();
            }
            rooms.joinOrMake(socket, user, room, wish);
        } catch (RuntimeException refused) {
            unlist(socket, user);
            throw refused;
        }
        if (!socket.enter()) {
            depart(socket, user);
        }
    }

    /** Undoes all that signing in did; of all who want to, one gets here. */
    private void depart(SignalSocket socket, Id user) {
        unlist(socket, user);
        socket.seeOut(user);
        usher.execute(() -> rooms.leaveAll(socket));
    }

    void seeOut(SignalSocket socket, Id user) {
        queue.disconnect(user, socket);
        presence.closed(user);
    }

    private void leave(SignalSocket socket) {
        @Nullable Caller caller = socket.caller();
        if (socket.leave() && caller != null) {
            depart(socket, caller.user());
        }
    }

    void noLongerUnsigned(SignalSocket socket) {
        if (socket.endUnsigned()) {
            unsigned.decrementAndGet();
        }
    }

    void closed(SignalSocket socket) {
        all.remove(socket);
        noLongerUnsigned(socket);
        leave(socket);
        if (stopping && all.isEmpty()) {
            synchronized (goodbyes) {
                goodbyes.notifyAll();
            }
        }
    }

    /** What the sender is to read when the event is safe, made by whoever writes it. */
    CompletableFuture<Supplier<byte[]>> send(Caller caller, Frames.Send send) {
        gate.pass(Cost.SEND, caller, OptionalInt.empty());
        SignalingRoutes.requireOneTarget(send.toUser(), send.group(), send.groupEpoch());
        Kind kind = new Kind(send.kind());
        // The id alone: the payload is not kept for as long as the receipt takes.
        String id = send.id();
        if (send.group() != null) {
            countFanOut(caller);
            return signaling
                    .sendToGroup(caller.user(), send.group(), send.groupEpoch(), kind, send.payload(), id, send.ttl())
                    .thenApply(safe -> () -> padded(Frames.groupReceipt(id, safe)));
        }
        return signaling
                .send(caller.user(), String.valueOf(send.toUser()), kind, send.payload(), id, send.ttl())
                .thenApply(receipt -> () -> padded(Frames.receipt(id, receipt)));
    }

    /** What is written to many costs more than what is written to one. */
    void countFanOut(Caller caller) {
        gate.pass(Cost.FAN_OUT, caller, OptionalInt.empty());
    }

    /** An ack for each event is never refused for its rate, because it makes room; more than that are frames like others. */
    void ack(SignalSocket socket, Caller caller, Frames.Ack ack) {
        if (!socket.mayAckFreely()) {
            countFrame(caller);
        }
        boolean isUnreadable = ack.eventIds() != null
                ? ack.eventIds().size() > Limits.ACK_IDS_MAX || ack.eventIds().contains(null)
                : ack.upTo() != null && ack.upTo() < 0;
        if ((ack.upTo() == null) == (ack.eventIds() == null) || isUnreadable) {
            throw Reason.MALFORMED.refuse("Give either up_to or at most " + Limits.ACK_IDS_MAX + " event_ids.");
        }
        var unused = QueueRoutes.ack(queue, caller.user(), ack.upTo(), ack.eventIds());
    }

    /** @param told hears why, each time that a frame is refused; must be short */
    public void whenRefused(Consumer<Reason> told) {
        whenRefused = told;
    }

    void refused(Reason reason) {
        whenRefused.accept(reason);
    }

    void countFrame(Caller caller) {
        gate.pass(Cost.READ, caller, OptionalInt.empty());
    }

    void choosePresence(Caller caller, Frames.PresenceChoice choice) {
        gate.pass(Cost.WRITE, caller, OptionalInt.empty());
        presence.choose(caller.user(), Status.parse(choice.status()));
    }

    /** Has what was said to a socket written soon: with whatever else this thread, or others, have to say to it. */
    void writeSoon(SignalSocket socket) {
        if (!Turn.atEnd(socket::write)) {
            writer.execute(socket::write);
        }
    }

    void joinRoom(SignalSocket socket, Caller caller, Frames.RoomMove join) {
        gate.pass(Cost.WRITE, caller, OptionalInt.empty());
        rooms.join(socket, caller.user(), Id.parse(join.room()));
        if (socket.isGone()) {
            // It went meanwhile, and whoever saw it out did not see it here.
            rooms.leaveAll(socket);
        }
    }

    void signalRoom(SignalSocket socket, Caller caller, Frames.RoomSignal signal) {
        signalRoom(
                socket,
                caller,
                Id.parse(signal.room()),
                new Signal(new Kind(signal.kind()).text(), signal.to(), signal.payload()));
    }

    void signalRoom(SignalSocket socket, Caller caller, Id room, Signal signal) {
        gate.pass(Cost.ROOM, caller, OptionalInt.empty());
        Signaling.requirePayload(signal.payload());
        rooms.signal(socket, room, signal);
    }

    void leaveRoom(SignalSocket socket, Caller caller, Frames.RoomMove leave) {
        gate.pass(Cost.WRITE, caller, OptionalInt.empty());
        rooms.leave(socket, Id.parse(leave.room()));
    }

    Tongue ownTongue() {
        return ownTongue;
    }

    Tongue earlierTongue() {
        return earlierTongue;
    }

    /** What a poller says of itself. */
    void heartbeat(Caller caller, Status status) {
        presence.beat(caller, status);
        if (!sessions.isLive(caller)) {
            presence.sessionEnded(caller.user(), caller.session());
        }
    }

    byte[] padded(byte[] json) {
        return pads ? Padding.pad(json) : json;
    }

    byte[] padded(Json.Writing json) {
        return pads ? json.padded(0) : json.bytes();
    }

    byte[] paddedMail(Json.Writing json) {
        return pads ? json.padded(Padding.MAIL_BYTES_MIN) : json.bytes();
    }

    public int count() {
        return all.size();
    }

    public Presence presence() {
        return presence;
    }

    /** A session has ended: its sockets are cut off at once. */
    public void sessionEnded(Id user, Id session) {
        presence.sessionEnded(user, session);
        for (SignalSocket socket : byUser.getOrDefault(user, Set.of())) {
            @Nullable Caller caller = socket.caller();
            if (caller != null && caller.session().equals(session)) {
                socket.close(CloseCode.REVOKED);
                leave(socket);
            }
        }
    }

    @Override
    public void changed(Id viewer, Username who, Status status) {
        List.copyOf(byUser.getOrDefault(viewer, Set.of()))
                .forEach(socket -> socket.tell(Frames.presence(who.at(), status.text())));
    }

    /** Takes no new socket; those that are open may still finish what they sent. */
    public void stopIntake() {
        stopping = true;
    }

    /** Closes every socket with {@code 4503}: come back later. */
    @Override
    public void close() {
        stopping = true;
        ticker.shutdownNow();
        teller.shutdownNow();
        usher.shutdownNow();
        all.forEach(socket -> socket.close(CloseCode.SHUTTING_DOWN));
        awaitGoodbyes();
        writer.shutdown();
    }

    /**
     * Whoever is still sending when the connection is cut hears a broken pipe, and neither the close nor the receipts before
     * it: so each may answer first, all together for as long as a stop can spare.
     */
    private void awaitGoodbyes() {
        long end = System.nanoTime() + Limits.GOODBYES_WAIT.toNanos();
        synchronized (goodbyes) {
            try {
                while (!all.isEmpty() && System.nanoTime() < end) {
                    TimeUnit.NANOSECONDS.timedWait(goodbyes, Math.max(1, end - System.nanoTime()));
                }
            } catch (InterruptedException hurried) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
