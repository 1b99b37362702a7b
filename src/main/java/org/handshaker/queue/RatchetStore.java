// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Instant;
import java.util.List;
import org.handshaker.store.Expiring;
import org.jdbi.v3.core.Handle;

/** The SQL of the ratchet: which chain is this store's, and what was sealed before there was one. */
final class RatchetStore {
    record OldBody(long row, long seq, Instant expiresAt, byte[] body) {}

    /** Empty before the first chain. */
    byte[] chainId(Handle handle) {
        return handle.createQuery("SELECT ratchet FROM store")
                .mapTo(byte[].class)
                .one();
    }

    void setChainId(Handle handle, byte[] id) {
        handle.createUpdate("UPDATE store SET ratchet = :id").bind("id", id).execute();
    }

    /** Whether there is something that only this store's chain opens. */
    boolean hasEvents(Handle handle) {
        return handle.createQuery("SELECT EXISTS (SELECT 1 FROM events WHERE sealing > 0)")
                .mapTo(Boolean.class)
                .one();
    }

    /** Deletes a batch of what only a lost chain would open. */
    int deleteSome(Handle handle) {
        return handle.createUpdate(
                        "DELETE FROM events WHERE row IN (SELECT row FROM events WHERE sealing > 0 LIMIT :rows_max)")
                .bind("rows_max", Expiring.BATCH_ROWS)
                .execute();
    }

    List<OldBody> oldBodies(Handle handle, int rowsMax) {
        return handle.createQuery(
                        "SELECT row, seq, expires_at, body FROM events WHERE sealing = 0 ORDER BY row LIMIT :rows_max")
                .bind("rows_max", rowsMax)
                .map((row, context) -> new OldBody(
                        row.getLong("row"),
                        row.getLong("seq"),
                        Instant.ofEpochSecond(row.getLong("expires_at")),
                        row.getBytes("body")))
                .list();
    }

    void wrapped(Handle handle, long row, byte[] body) {
        handle.createUpdate("UPDATE events SET body = :body, sealing = :sealing WHERE row = :row")
                .bind("body", body)
                .bind("sealing", Bodies.WRAPPED)
                .bind("row", row)
                .execute();
    }

    void delete(Handle handle, long row) {
        handle.createUpdate("DELETE FROM events WHERE row = :row")
                .bind("row", row)
                .execute();
    }
}
