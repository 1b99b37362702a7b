// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import java.util.List;
import org.handshaker.core.Id;
import org.handshaker.directory.Directory;
import org.handshaker.directory.KeyChange;
import org.handshaker.directory.User;
import org.handshaker.web.Json;
import org.jdbi.v3.core.Handle;

/** The system events about connections: what each side's queue is told, inside the change that makes it so. */
final class Announcements {
    private final Directory directory;
    private final Announcer queue;

    Announcements(Directory directory, Announcer queue) {
        this.directory = directory;
        this.queue = queue;
    }

    /** Both sides' payload of {@code connection.requested}; the intro stays with the request. */
    record Requested(String requestId, String fromUser, String toUser, String expiresAt) {}

    /** Whom it is about, seen from the one who is told. */
    record Peer(String username) {}

    record Key(String username, String fingerprint, String effectiveAt) {}

    void requested(Handle handle, Request request, List<Id> told) {
        String payload = Json.text(new Requested(
                request.id().text(),
                name(handle, request.asker()),
                name(handle, request.addressee()),
                request.expiresAt().toString()));
        for (Id target : told) {
            queue.announce(handle, target, "connection.requested", payload);
        }
    }

    void accepted(Handle handle, Id told, Id peer) {
        queue.announce(handle, told, "connection.accepted", Json.text(new Peer(name(handle, peer))));
    }

    void removed(Handle handle, Id told, Id peer) {
        queue.announce(handle, told, "connection.removed", Json.text(new Peer(name(handle, peer))));
    }

    void keyChanged(Handle handle, Id user, KeyChange change, List<Id> peers) {
        String payload = Json.text(new Key(
                name(handle, user), change.fingerprint(), change.effectiveAt().toString()));
        for (Id peer : peers) {
            queue.announce(handle, peer, change.stage().kind(), payload);
        }
    }

    private String name(Handle handle, Id user) {
        return directory
                .byId(handle, user)
                .map(User::name)
                .orElseThrow(() -> new IllegalStateException("a connection's two sides exist"))
                .at();
    }
}
