// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import java.util.List;
import org.handshaker.core.Id;
import org.handshaker.directory.Directory;
import org.handshaker.directory.KeyChange;
import org.handshaker.directory.User;
import org.handshaker.queue.Queue;
import org.handshaker.web.Json;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * The system events about connections: what each side's queue is told, inside the change that makes it so. The subject of an
 * event is the other user: however often one asks, a queue keeps one event of it.
 */
final class Announcements {
    private final Directory directory;
    private final Queue queue;

    Announcements(Directory directory, Queue queue) {
        this.directory = directory;
        this.queue = queue;
    }

    /** Both sides' payload of {@code connection.requested}; the intro stays with the request. */
    record Requested(String requestId, String fromUser, String toUser, String expiresAt) {}

    /** Whom it is about, seen from the one who is told. */
    record Peer(String username) {}

    /** @param key which one, where it is not the certificate */
    record Key(String username, String fingerprint, String effectiveAt, @Nullable String key) {
        @Override
        public String toString() {
            return "Key";
        }
    }

    /** Tells one side of a request. */
    void requested(Handle handle, Id told, Request request) {
        Id peer = request.other(told);
        Requested payload = new Requested(
                request.id().text(),
                name(handle, request.asker()),
                name(handle, request.addressee()),
                request.expiresAt().toString());
        queue.announce(handle, told, "connection.requested", Json.text(payload), peer.text());
    }

    /** A request that is no more is not news: 100 may wait, but without end may come and go, and crowd out other news. */
    void unrequested(Handle handle, Id told, Request request) {
        queue.retract(handle, told, "connection.requested", request.other(told).text());
    }

    void accepted(Handle handle, Id told, Id peer) {
        tell(handle, told, "connection.accepted", peer);
    }

    void removed(Handle handle, Id told, Id peer) {
        tell(handle, told, "connection.removed", peer);
    }

    /** Tells all peers of a deleted account, whose name is looked up once. */
    void gone(Handle handle, Id user, List<Id> peers) {
        String payload = Json.text(new Peer(name(handle, user)));
        for (Id peer : peers) {
            queue.announce(handle, peer, "connection.removed", payload, user.text());
        }
    }

    void keyChanged(Handle handle, Id user, KeyChange change, List<Id> peers) {
        Key payload = new Key(
                name(handle, user),
                change.fingerprint(),
                change.effectiveAt().toString(),
                change.key() == KeyChange.Key.PGP ? null : change.key().text());
        String subject = change.key().text() + user.text();
        for (Id peer : peers) {
            queue.announce(handle, peer, change.stage().kind(), Json.text(payload), subject);
        }
    }

    private void tell(Handle handle, Id told, String kind, Id peer) {
        queue.announce(handle, told, kind, Json.text(new Peer(name(handle, peer))), peer.text());
    }

    private String name(Handle handle, Id user) {
        return directory
                .byId(handle, user)
                .map(User::name)
                .orElseThrow(() -> new IllegalStateException("a connection's two sides exist"))
                .at();
    }
}
