// SPDX-License-Identifier: MIT
package org.handshaker.presence;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.handshaker.connections.Connections;
import org.handshaker.core.Id;
import org.handshaker.directory.Directory;
import org.handshaker.directory.User;
import org.jspecify.annotations.Nullable;

/** Who is online, to whom. Holds one entry for each user with an open socket and nothing else. */
public final class Presence {
    private final Directory directory;
    private final Connections connections;
    private final PresenceListener listener;
    private final Map<Id, Here> here = new ConcurrentHashMap<>();

    public Presence(Directory directory, Connections connections, PresenceListener listener) {
        this.directory = directory;
        this.connections = connections;
        this.listener = listener;
    }

    /** Somebody who is here. */
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
        change(
                user,
                () -> here.merge(
                        user, new Here(1, Status.ONLINE), (now, one) -> new Here(now.sockets() + 1, now.chosen())));
    }

    public void closed(Id user) {
        change(
                user,
                () -> here.computeIfPresent(
                        user, (id, now) -> now.sockets() == 1 ? null : new Here(now.sockets() - 1, now.chosen())));
    }

    /** Means nothing without an open socket. */
    public void choose(Id user, Status status) {
        change(user, () -> here.computeIfPresent(user, (id, now) -> new Here(now.sockets(), status)));
    }

    /** A change of the user's own setting that others see at once. */
    public void settingChanged(Id user) {
        tell(user, shown(user));
    }

    private void change(Id user, Runnable change) {
        Status before = shown(user);
        change.run();
        Status after = shown(user);
        if (before != after) {
            tell(user, after);
        }
    }

    private void tell(Id user, Status status) {
        directory.byId(user).ifPresent(who -> {
            for (Id peer : connections.peersOf(user)) {
                // Whoever is not here has no socket to tell.
                if (here.containsKey(peer)) {
                    listener.changed(peer, who.name(), status);
                }
            }
        });
    }
}
