// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import java.util.List;
import org.handshaker.core.Id;
import org.handshaker.core.Vault;
import org.jdbi.v3.core.Handle;

/** The SQL of the table {@code blocks}. Only the blocker has a row: the blocked user's account does not know who it is. */
final class BlockStore {
    private final Vault vault;

    BlockStore(Vault vault) {
        this.vault = vault;
    }

    boolean isBlocked(Handle handle, Id blocker, Id blocked) {
        return handle.createQuery("SELECT 1 FROM blocks WHERE pair = :pair")
                .bind("pair", pair(blocker, blocked))
                .mapTo(Integer.class)
                .findOne()
                .isPresent();
    }

    List<Id> blockedBy(Handle handle, Id blocker) {
        return handle.createQuery("SELECT pair, blocked_sealed FROM blocks WHERE blocker = :blocker")
                .bind("blocker", blocker(blocker))
                .map((row, context) ->
                        Id.of(vault.open(row.getBytes("blocked_sealed"), "block.blocked", row.getBytes("pair"))))
                .list();
    }

    int count(Handle handle, Id blocker) {
        return handle.createQuery("SELECT count(*) FROM blocks WHERE blocker = :blocker")
                .bind("blocker", blocker(blocker))
                .mapTo(Integer.class)
                .one();
    }

    void add(Handle handle, Id blocker, Id blocked) {
        byte[] pair = pair(blocker, blocked);
        handle.createUpdate("INSERT INTO blocks (pair, blocker, blocked_sealed) VALUES (:pair, :blocker, :blocked)")
                .bind("pair", pair)
                .bind("blocker", blocker(blocker))
                .bind("blocked", vault.seal(blocked.bytes(), "block.blocked", pair))
                .execute();
    }

    void remove(Handle handle, Id blocker, Id blocked) {
        handle.createUpdate("DELETE FROM blocks WHERE pair = :pair")
                .bind("pair", pair(blocker, blocked))
                .execute();
    }

    void removeAllBy(Handle handle, Id blocker) {
        handle.createUpdate("DELETE FROM blocks WHERE blocker = :blocker")
                .bind("blocker", blocker(blocker))
                .execute();
    }

    private byte[] pair(Id blocker, Id blocked) {
        return vault.blind("block.pair", blocker.bytes(), blocked.bytes());
    }

    private byte[] blocker(Id blocker) {
        return vault.blind("block.blocker", blocker.bytes());
    }
}
