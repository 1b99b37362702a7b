// SPDX-License-Identifier: MIT
package org.handshaker.presence;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.handshaker.connections.Connections;
import org.handshaker.core.Id;
import org.handshaker.core.Refused;
import org.handshaker.directory.Directory;
import org.handshaker.directory.User;
import org.jspecify.annotations.Nullable;

/**
 * Who is online, to whom. Holds one entry for each user with an open socket, and for those who left invisible: over Tor a
 * socket comes and goes, and whoever hides must not show up for a moment each time.
 */
public final class Presence {
    /** Past it whoever leaves invisible is forgotten. */
    private static final int REMEMBERED_MAX = 100_000;

    private final Directory directory;
    private final Connections connections;
    private final PresenceListener listener;
    private final Executor teller;
    private final Map<Id, Here> here = new ConcurrentHashMap<>();
    /** Whose news is on its way. */
    private final Set<Id> untold = ConcurrentHashMap.newKeySet();
    /** What connections were told last, where it is not {@code OFFLINE}; only the teller comes here. */
    private final Map<Id, Status> told = new HashMap<>();

    /** @param teller runs one task at a time; connections hear in the order of what happened */
    public Presence(Directory directory, Connections connections, PresenceListener listener, Executor teller) {
        this.directory = directory;
        this.connections = connections;
        this.listener = listener;
        this.teller = teller;
    }

    /** Somebody who is here, or, without a socket, left invisible. */
    private record Here(int sockets, Status chosen) {}

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
            return now.sockets() > 1 || isKept ? new Here(Math.max(0, now.sockets() - 1), now.chosen()) : null;
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
