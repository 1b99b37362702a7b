// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Vault;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** The SQL of {@code key_changes}. */
final class KeyChangeStore {
    private static final String COLUMNS = "user_id, certificate_sealed, fingerprint_sealed, effective_at";

    /**
     * A key that waits.
     *
     * @param armored the key to come; null when the key on file waits to be trusted
     */
    record Row(Id user, @Nullable String armored, String fingerprint, Instant effectiveAt) {}

    private final Vault vault;

    KeyChangeStore(Vault vault) {
        this.vault = vault;
    }

    Optional<Row> find(Handle handle, Id user) {
        return handle.createQuery("SELECT " + COLUMNS + " FROM key_changes WHERE user_id = :user")
                .bind("user", user.bytes())
                .map((row, context) -> row(row))
                .findOne();
    }

    void put(Handle handle, Row change) {
        byte[] user = change.user().bytes();
        @Nullable String armored = change.armored();
        handle.createUpdate(
                        """
                        INSERT INTO key_changes (user_id, certificate_sealed, fingerprint_sealed, effective_at)
                        VALUES (:user, :certificate, :fingerprint, :at)
                        ON CONFLICT (user_id) DO UPDATE SET certificate_sealed = excluded.certificate_sealed,
                            fingerprint_sealed = excluded.fingerprint_sealed, effective_at = excluded.effective_at
                        """)
                .bind("user", user)
                .bind("certificate", armored == null ? null : vault.seal(armored, "key.pending", user))
                .bind("fingerprint", vault.seal(change.fingerprint(), "key.fingerprint", user))
                .bind("at", change.effectiveAt().getEpochSecond())
                .execute();
    }

    void delete(Handle handle, Id user) {
        handle.createUpdate("DELETE FROM key_changes WHERE user_id = :user")
                .bind("user", user.bytes())
                .execute();
    }

    List<Row> due(Handle handle, Instant now, int most) {
        return handle.createQuery("SELECT " + COLUMNS + " FROM key_changes WHERE effective_at <= :now LIMIT :most")
                .bind("now", now.getEpochSecond())
                .bind("most", most)
                .map((row, context) -> row(row))
                .list();
    }

    private Row row(ResultSet row) throws SQLException {
        byte[] user = row.getBytes("user_id");
        byte @Nullable [] certificate = row.getBytes("certificate_sealed");
        return new Row(
                Id.of(user),
                certificate == null ? null : vault.openText(certificate, "key.pending", user),
                vault.openText(row.getBytes("fingerprint_sealed"), "key.fingerprint", user),
                Instant.ofEpochSecond(row.getLong("effective_at")));
    }
}
