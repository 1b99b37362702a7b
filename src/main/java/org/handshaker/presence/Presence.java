// SPDX-License-Identifier: MIT
package org.handshaker.presence;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.handshaker.connections.Connections;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secrets;
import org.handshaker.directory.Directory;
import org.handshaker.directory.User;
import org.jspecify.annotations.Nullable;

/**
 * Who is online, to whom. Holds one entry for each user with an open socket or a fresh heartbeat, and for those who left invisible: over Tor a
 * socket comes and goes, and whoever hides must not show up for a moment each time.
 */
public final class Presence {
    /** Past it whoever leaves invisible is forgotten. */
    private static final int REMEMBERED_MAX = 100_000;

    private final Directory directory;
    private final Connections connections;
    private final PresenceListener listener;
    private final Executor teller;
    private final LongSupplier nanos;
    private final Map<Id, Here> here = new ConcurrentHashMap<>();
    /** Who polls and says so, whether or not a socket is open as well; an entry changes within a step of {@link #here}. */
    private final Map<Id, Beat> beats = new ConcurrentHashMap<>();
    /** Whose news is on its way. */
    private final Set<Id> untold = ConcurrentHashMap.newKeySet();
    /** What connections were told last, where it is not {@code OFFLINE}; only the teller comes here. */
    private final Map<Id, Status> told = new HashMap<>();

    /** @param teller runs one task at a time; connections hear in the order of what happened */
    public Presence(Directory directory, Connections connections, PresenceListener listener, Executor teller) {
        this(directory, connections, listener, teller, System::nanoTime);
    }

    /** @param nanos a clock for spans only */
    public Presence(
            Directory directory,
            Connections connections,
            PresenceListener listener,
            Executor teller,
            LongSupplier nanos) {
        this.nanos = nanos;
        this.directory = directory;
        this.connections = connections;
        this.listener = listener;
        this.teller = teller;
    }

    /** Somebody who is here, or, without a socket, left invisible. */
    private record Here(int sockets, Status chosen) {}

    /** A heartbeat, and until when it counts. */
    private record Beat(Id session, long untilNanos) {}

    /** What others who may see it see: only someone here, not invisible, who shows presence at all. */
    private Status shown(Id user) {
        @Nullable Here now = here.get(user);
        if (now == null || !directory.byId(user).map(User::presenceVisible).orElse(false)) {
            return Status.OFFLINE;
        }
        return now.chosen().shown();
    }

    public boolean isOnline(Id user) {
        return shown(user) != Status.OFFLINE;
    }

    /** Empty where the viewer may not know. */
    public Optional<Boolean> online(Id viewer, Id user) {
        return connections.areConnected(viewer, user) ? Optional.of(isOnline(user)) : Optional.empty();
    }

    /** Whether a sender, already known to be connected, may learn that the recipient is there. */
    public boolean maySee(Id user) {
        @Nullable Here now = here.get(user);
        return (now == null || now.chosen() != Status.INVISIBLE)
                && directory.byId(user).map(User::presenceVisible).orElse(false);
    }

    public void opened(Id user) {
        here.merge(user, new Here(1, Status.ONLINE), (now, one) -> new Here(now.sockets() + 1, now.chosen()));
        changed(user);
    }

    public void closed(Id user) {
        here.computeIfPresent(user, (id, now) -> {
            boolean isKept = now.chosen() == Status.INVISIBLE && here.size() <= REMEMBERED_MAX;
            return now.sockets() > 1 || isKept || beats.containsKey(id)
                    ? new Here(Math.max(0, now.sockets() - 1), now.chosen())
                    : null;
        });
        changed(user);
    }

    /**
     * Somebody who polls says that they are here. It counts for {@link Limits#HEARTBEAT_LIFE} and a bit by chance, so that
     * its end tells neither the second of the last sign of life nor who else polls in the same rhythm; {@code busy} where
     * too many do.
     */
    public void beat(Caller caller, Status status) {
        long jitter = Secrets.randomInt((int) Limits.HEARTBEAT_JITTER.toMillis());
        long until = nanos.getAsLong() + Limits.HEARTBEAT_LIFE.toNanos() + TimeUnit.MILLISECONDS.toNanos(jitter);
        here.compute(caller.user(), (id, now) -> {
            if (!beats.containsKey(id) && beats.size() >= Limits.HEARTBEATS_MAX) {
                throw Reason.BUSY.refuse();
            }
            beats.put(id, new Beat(caller.session(), until));
            return new Here(now == null ? 0 : now.sockets(), status);
        });
        changed(caller.user());
    }

    /** Forgets heartbeats that nobody has renewed. */
    public void expire() {
        long now = nanos.getAsLong();
        beats.forEach((user, beat) -> {
            if (now - beat.untilNanos() >= 0) {
                forget(user, beat);
            }
        });
    }

    /** Whoever signs out is offline at once, also without a socket. */
    public void sessionEnded(Id user, Id session) {
        @Nullable Beat beat = beats.get(user);
        if (beat != null && beat.session().equals(session)) {
            forget(user, beat);
        }
    }

    private void forget(Id user, Beat beat) {
        here.computeIfPresent(user, (id, now) -> {
            if (!beats.remove(id, beat)) {
                return now;
            }
            boolean isKept = now.chosen() == Status.INVISIBLE && here.size() <= REMEMBERED_MAX;
            return now.sockets() > 0 || isKept ? now : null;
        });
        changed(user);
    }

    /** Means nothing without an open socket. */
    public void choose(Id user, Status status) {
        here.computeIfPresent(user, (id, now) -> new Here(now.sockets(), status));
        changed(user);
    }

    /** A change of the user's own setting that others see at once. */
    public void settingChanged(Id user) {
        changed(user);
    }

    /** Told later and by one thread: whoever calls may be the writer, and what two threads did at once has one outcome. */
    private void changed(Id user) {
        if (untold.add(user)) {
            teller.execute(() -> tell(user));
        }
    }

    private void tell(Id user) {
        untold.remove(user);
        try {
            Status now = shown(user);
            if (now == told.getOrDefault(user, Status.OFFLINE)) {
                return;
            }
            directory.byId(user).ifPresent(who -> {
                for (Id peer : connections.peersOf(user)) {
                    // Whoever is not here has no socket to tell.
                    if (here.containsKey(peer)) {
                        listener.changed(peer, who.name(), now);
                    }
                }
            });
            if (now == Status.OFFLINE) {
                told.remove(user);
            } else {
                told.put(user, now);
            }
        } catch (Refused busy) {
            // The store had no time for it. Whoever asks is told the truth, and the next change is news again.
            return;
        }
    }
}
