// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
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
import org.handshaker.queue.Receipt;
import org.handshaker.web.Authenticator;
import org.handshaker.web.Gate;
import org.handshaker.web.Padding;
import org.jspecify.annotations.Nullable;

/**
 * All open sockets, by user: signs them in, cuts them off with their session, keeps them alive. Bounded in all and per user.
 */
public final class Sockets implements PresenceListener, AutoCloseable {
    private static final long TICK_SECONDS = 2;

    private final Directory directory;
    private final Signaling signaling;
    private final Queue queue;
    private final Presence presence;
    private final Authenticator authenticator;
    private final LiveSessions sessions;
    private final Gate gate;
    private final boolean pads;
    private final Set<SignalSocket> all = ConcurrentHashMap.newKeySet();
    private final Map<Id, Set<SignalSocket>> byUser = new ConcurrentHashMap<>();
    private final ScheduledExecutorService ticker = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "ticker");
        thread.setDaemon(true);
        return thread;
    });
    /** Characters on their way to all sockets together. */
    final AtomicLong charsOut = new AtomicLong();

    private volatile boolean stopping;

    public Sockets(
            Directory directory,
            Signaling signaling,
            Queue queue,
            java.util.function.Function<PresenceListener, Presence> presence,
            Authenticator authenticator,
            LiveSessions sessions,
            Gate gate,
            boolean pads) {
        this.directory = directory;
        this.signaling = signaling;
        this.queue = queue;
        this.presence = presence.apply(this);
        this.authenticator = authenticator;
        this.sessions = sessions;
        this.gate = gate;
        this.pads = pads;
    }

    public void start() {
        var unused = ticker.scheduleAtFixedRate(this::tick, TICK_SECONDS, TICK_SECONDS, TimeUnit.SECONDS);
    }

    private void tick() {
        long now = System.nanoTime();
        all.forEach(socket -> socket.tick(now));
    }

    /** Makes the endpoint of an upgrade. */
    Object open(@Nullable Caller caller, OptionalInt circuit) {
        if (stopping) {
            throw Reason.SHUTTING_DOWN.refuse();
        }
        if (all.size() >= Limits.SOCKETS_MAX) {
            throw Reason.BUSY.refuse();
        }
        return new SignalSocket(this, caller);
    }

    void opened(SignalSocket socket) {
        all.add(socket);
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
        byUser.compute(user, (id, known) -> {
            Set<SignalSocket> sockets = known == null ? ConcurrentHashMap.newKeySet() : known;
            if (sockets.size() >= Limits.SOCKETS_PER_USER_MAX) {
                throw Reason.TOO_MANY_SOCKETS.refuse();
            }
            sockets.add(socket);
            return sockets;
        });
        User self = directory.byId(user).orElse(null);
        if (self == null || !sessions.isLive(caller)) {
            unlist(socket, user);
            throw Reason.SESSION_REVOKED.refuse();
        }
        presence.opened(user);
        socket.sendFrame(Frames.ready(self.name().at(), queue.epoch(), queue.pending(user)));
        queue.connect(user, socket);
    }

    void closed(SignalSocket socket) {
        all.remove(socket);
        @Nullable Caller caller = socket.caller();
        if (caller != null && unlist(socket, caller.user())) {
            queue.disconnect(caller.user(), socket);
            presence.closed(caller.user());
        }
    }

    private boolean unlist(SignalSocket socket, Id user) {
        boolean[] wasListed = new boolean[1];
        byUser.computeIfPresent(user, (id, sockets) -> {
            wasListed[0] = sockets.remove(socket);
            return sockets.isEmpty() ? null : sockets;
        });
        return wasListed[0];
    }

    CompletableFuture<Receipt> send(Caller caller, Frames.Send send) {
        gate.pass(Cost.SEND, caller, OptionalInt.empty());
        return signaling.send(
                caller.user(),
                SignalingRoutes.requireUser(send.toUser(), send.group()),
                new Kind(send.kind()),
                send.payload(),
                send.id(),
                send.ttl());
    }

    /** Acks are never refused for their rate: they make room. */
    void ack(SignalSocket socket, Caller caller, Frames.Ack ack) {
        boolean isUnreadable = ack.eventIds() != null
                ? ack.eventIds().size() > Limits.ACK_IDS_MAX || ack.eventIds().contains(null)
                : ack.upTo() != null && ack.upTo() < 0;
        if ((ack.upTo() == null) == (ack.eventIds() == null) || isUnreadable) {
            throw Reason.MALFORMED.refuse("Give either up_to or at most " + Limits.ACK_IDS_MAX + " event_ids.");
        }
        var unused = QueueRoutes.ack(queue, caller.user(), ack.upTo(), ack.eventIds());
    }

    void countFrame(Caller caller) {
        gate.pass(Cost.READ, caller, OptionalInt.empty());
    }

    void choosePresence(Caller caller, Frames.PresenceChoice choice) {
        gate.pass(Cost.WRITE, caller, OptionalInt.empty());
        presence.choose(caller.user(), Status.parse(choice.status()));
    }

    String padded(String json) {
        return pads ? Padding.pad(json) : json;
    }

    public int count() {
        return all.size();
    }

    public Presence presence() {
        return presence;
    }

    /** A session has ended: its sockets are cut off at once. */
    public void sessionEnded(Id user, Id session) {
        for (SignalSocket socket : byUser.getOrDefault(user, Set.of())) {
            @Nullable Caller caller = socket.caller();
            if (caller != null && caller.session().equals(session)) {
                socket.close(CloseCode.REVOKED);
                closed(socket);
            }
        }
    }

    @Override
    public void changed(Id viewer, Username who, Status status) {
        List.copyOf(byUser.getOrDefault(viewer, Set.of()))
                .forEach(socket -> socket.sendFrame(Frames.presence(who.at(), status.text())));
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
        all.forEach(socket -> socket.close(CloseCode.SHUTTING_DOWN));
    }
}
