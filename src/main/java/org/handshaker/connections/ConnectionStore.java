// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import java.util.List;
import org.handshaker.core.Id;
import org.handshaker.core.Vault;
import org.jdbi.v3.core.Handle;

/** The SQL of the table {@code connections}. A connection is two rows, one for each side, that cannot be matched without the vault. */
final class ConnectionStore {
    private final Vault vault;

    ConnectionStore(Vault vault) {
        this.vault = vault;
    }

    boolean areConnected(Handle handle, Id owner, Id peer) {
        return handle.createQuery("SELECT 1 FROM connections WHERE pair = :pair")
                .bind("pair", pair(owner, peer))
                .mapTo(Integer.class)
                .findOne()
                .isPresent();
    }

    List<Id> peersOf(Handle handle, Id owner) {
        return handle.createQuery("SELECT pair, peer_sealed FROM connections WHERE owner = :owner")
                .bind("owner", owner(owner))
                .map((row, context) ->
                        Id.of(vault.open(row.getBytes("peer_sealed"), "connection.peer", row.getBytes("pair"))))
                .list();
    }

    int count(Handle handle, Id owner) {
        return handle.createQuery("SELECT count(*) FROM connections WHERE owner = :owner")
                .bind("owner", owner(owner))
                .mapTo(Integer.class)
                .one();
    }

    void connect(Handle handle, Id one, Id other) {
        insert(handle, one, other);
        insert(handle, other, one);
    }

    private void insert(Handle handle, Id owner, Id peer) {
        byte[] pair = pair(owner, peer);
        handle.createUpdate("INSERT INTO connections (pair, owner, peer_sealed) VALUES (:pair, :owner, :peer)")
                .bind("pair", pair)
                .bind("owner", owner(owner))
                .bind("peer", vault.seal(peer.bytes(), "connection.peer", pair))
                .execute();
    }

    /** Returns whether there was a connection. */
    boolean disconnect(Handle handle, Id one, Id other) {
        return handle.createUpdate("DELETE FROM connections WHERE pair IN (:there, :back)")
                        .bind("there", pair(one, other))
                        .bind("back", pair(other, one))
                        .execute()
                > 0;
    }

    private byte[] pair(Id owner, Id peer) {
        return vault.blind("connection.pair", owner.bytes(), peer.bytes());
    }

    private byte[] owner(Id owner) {
        return vault.blind("connection.owner", owner.bytes());
    }
}
