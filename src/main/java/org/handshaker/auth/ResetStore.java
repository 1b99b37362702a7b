// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import org.handshaker.core.Id;
import org.jdbi.v3.core.Handle;

/** The SQL of {@code resets}. Accounts are HMACs of names, whether the name exists or not. */
final class ResetStore {
    /** Who asked for a reset. */
    enum AskedBy {
        STRANGER(0),
        KNOWN_DEVICE(1);

        private final int column;

        AskedBy(int column) {
            this.column = column;
        }
    }

    /** A reset under way. */
    record Row(Id id, int tries, Instant expires) {}

    int live(Handle handle, byte[] account, AskedBy askedBy, Instant now) {
        return handle.createQuery(
                        """
                        SELECT count(*) FROM resets
                        WHERE account = :account AND asked_by = :by AND expires_at > :now
                        """)
                .bind("account", account)
                .bind("by", askedBy.column)
                .bind("now", now.getEpochSecond())
                .mapTo(Integer.class)
                .one();
    }

    /** Who asked for this live one. */
    Optional<AskedBy> askedBy(Handle handle, byte[] account, Id reset, Instant now) {
        return handle.createQuery(
                        """
                        SELECT asked_by FROM resets
                        WHERE id = :id AND account = :account AND expires_at > :now
                        """)
                .bind("id", reset.bytes())
                .bind("account", account)
                .bind("now", now.getEpochSecond())
                .mapTo(Integer.class)
                .findOne()
                .map(column -> column == AskedBy.KNOWN_DEVICE.column ? AskedBy.KNOWN_DEVICE : AskedBy.STRANGER);
    }

    Optional<Row> find(Handle handle, byte[] account, Id reset, Instant now) {
        return handle.createQuery(
                        """
                        SELECT id, tries, expires_at FROM resets
                        WHERE id = :id AND account = :account AND expires_at > :now
                        """)
                .bind("id", reset.bytes())
                .bind("account", account)
                .bind("now", now.getEpochSecond())
                .map((row, context) -> row(row))
                .findOne();
    }

    void insert(Handle handle, byte[] account, AskedBy askedBy, Row reset) {
        handle.createUpdate(
                        """
                        INSERT INTO resets (id, account, asked_by, tries, expires_at)
                        VALUES (:id, :account, :by, :tries, :expires)
                        """)
                .bind("id", reset.id().bytes())
                .bind("account", account)
                .bind("by", askedBy.column)
                .bind("tries", reset.tries())
                .bind("expires", reset.expires().getEpochSecond())
                .execute();
    }

    void countTry(Handle handle, Id reset) {
        handle.createUpdate("UPDATE resets SET tries = tries + 1 WHERE id = :id")
                .bind("id", reset.bytes())
                .execute();
    }

    void deleteAll(Handle handle, byte[] account) {
        handle.createUpdate("DELETE FROM resets WHERE account = :account")
                .bind("account", account)
                .execute();
    }

    int expire(Handle handle, Instant now, int most) {
        return handle.createUpdate(
                        "DELETE FROM resets WHERE id IN (SELECT id FROM resets WHERE expires_at <= :now LIMIT :most)")
                .bind("now", now.getEpochSecond())
                .bind("most", most)
                .execute();
    }

    private static Row row(ResultSet row) throws SQLException {
        return new Row(
                Id.of(row.getBytes("id")), row.getInt("tries"), Instant.ofEpochSecond(row.getLong("expires_at")));
    }
}
