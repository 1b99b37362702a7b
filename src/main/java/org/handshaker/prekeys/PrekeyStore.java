// SPDX-License-Identifier: MIT
package org.handshaker.prekeys;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Vault;
import org.handshaker.prekeys.Upload.KyberPrekey;
import org.handshaker.prekeys.Upload.SignedPrekey;
import org.handshaker.web.Json;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** The SQL of {@code prekeys}, {@code one_time_prekeys} and {@code prekey_changes}. */
final class PrekeyStore {
    private final Vault vault;

    PrekeyStore(Vault vault) {
        this.vault = vault;
    }

    /** What is handed out again and again. */
    record Kept(String identityKey, SignedPrekey signedPrekey, @Nullable KyberPrekey lastResortKyberPrekey) {
        static Kept of(Upload upload) {
            return new Kept(upload.identityKey(), upload.signedPrekey(), upload.lastResortKyberPrekey());
        }

        @Override
        public String toString() {
            return "Kept";
        }
    }

    /** What is handed out once. */
    enum Kind {
        CURVE,
        KYBER;

        /** What the database holds. */
        private int code() {
            return this == CURVE ? 0 : 1;
        }
    }

    /** An upload with another identity key, and when it counts. */
    record Change(Id user, Upload upload, Instant effectiveAt) {}

    Optional<Kept> kept(Handle handle, Id user) {
        return handle.createQuery("SELECT sealed FROM prekeys WHERE user_id = :user")
                .bind("user", user.bytes())
                .mapTo(byte[].class)
                .findOne()
                .map(stored -> Json.read(vault.openText(stored, "prekeys", user.bytes()), Kept.class));
    }

    void keep(Handle handle, Id user, Kept kept) {
        handle.createUpdate(
                        """
                        INSERT INTO prekeys (user_id, sealed) VALUES (:user, :sealed)
                        ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed
                        """)
                .bind("user", user.bytes())
                .bind("sealed", vault.seal(Json.text(kept), "prekeys", user.bytes()))
                .execute();
    }

    /** Puts these in place of those that wait. One that was handed out before is passed over. */
    void replace(Handle handle, Id user, Kind kind, List<String> prekeys) {
        List<byte[]> digests =
                prekeys.stream().map(prekey -> digest(user, kind, prekey)).toList();
        dropOthers(handle, user, kind, digests);
        for (int i = 0; i < digests.size(); i++) {
            byte[] digest = digests.get(i);
            handle.createUpdate(
                            """
                            INSERT INTO one_time_prekeys (user_id, kind, digest, sealed)
                            VALUES (:user, :kind, :digest, :sealed) ON CONFLICT (user_id, kind, digest) DO NOTHING
                            """)
                    .bind("user", user.bytes())
                    .bind("kind", kind.code())
                    .bind("digest", digest)
                    .bind("sealed", vault.seal(prekeys.get(i), "prekey", digest))
                    .execute();
        }
        forgetOldest(handle, user, kind);
    }

    void dropWaiting(Handle handle, Id user) {
        for (Kind kind : Kind.values()) {
            dropOthers(handle, user, kind, List.of());
        }
    }

    private static void dropOthers(Handle handle, Id user, Kind kind, List<byte[]> digests) {
        String others = digests.isEmpty() ? "" : " AND digest NOT IN (<digests>)";
        var delete = handle.createUpdate("DELETE FROM one_time_prekeys WHERE user_id = :user AND kind = :kind"
                        + " AND sealed IS NOT NULL" + others)
                .bind("user", user.bytes())
                .bind("kind", kind.code());
        if (!digests.isEmpty()) {
            delete.bindList("digests", digests);
        }
        delete.execute();
    }

    private static void forgetOldest(Handle handle, Id user, Kind kind) {
        handle.createUpdate(
                        """
                        DELETE FROM one_time_prekeys
                        WHERE user_id = :user AND kind = :kind AND sealed IS NULL AND row <=
                            (SELECT row FROM one_time_prekeys
                             WHERE user_id = :user AND kind = :kind AND sealed IS NULL
                             ORDER BY row DESC LIMIT 1 OFFSET :remembered)
                        """)
                .bind("user", user.bytes())
                .bind("kind", kind.code())
                .bind("remembered", Limits.PREKEYS_REMEMBERED_MAX)
                .execute();
    }

    /** The oldest that waits, as JSON; from the commit on it is handed out. */
    Optional<String> take(Handle handle, Id user, Kind kind) {
        record Row(long row, byte[] digest, byte[] sealed) {
            @Override
            public String toString() {
                return "Row";
            }
        }
        Optional<Row> oldest = handle.createQuery(
                        """
                        SELECT row, digest, sealed FROM one_time_prekeys
                        WHERE user_id = :user AND kind = :kind AND sealed IS NOT NULL ORDER BY row LIMIT 1
                        """)
                .bind("user", user.bytes())
                .bind("kind", kind.code())
                .map((row, context) -> new Row(row.getLong("row"), row.getBytes("digest"), row.getBytes("sealed")))
                .findOne();
        return oldest.map(found -> {
            handle.createUpdate("UPDATE one_time_prekeys SET sealed = NULL WHERE row = :row")
                    .bind("row", found.row)
                    .execute();
            return vault.openText(found.sealed, "prekey", found.digest);
        });
    }

    int waiting(Handle handle, Id user, Kind kind) {
        return handle.createQuery(
                        """
                        SELECT count(*) FROM one_time_prekeys
                        WHERE user_id = :user AND kind = :kind AND sealed IS NOT NULL
                        """)
                .bind("user", user.bytes())
                .bind("kind", kind.code())
                .mapTo(Integer.class)
                .one();
    }

    /** Whether there ever were any of the kind. */
    boolean hasHad(Handle handle, Id user, Kind kind) {
        return handle.createQuery("SELECT 1 FROM one_time_prekeys WHERE user_id = :user AND kind = :kind LIMIT 1")
                .bind("user", user.bytes())
                .bind("kind", kind.code())
                .mapTo(Integer.class)
                .findOne()
                .isPresent();
    }

    Optional<Change> change(Handle handle, Id user) {
        return handle.createQuery("SELECT sealed, effective_at FROM prekey_changes WHERE user_id = :user")
                .bind("user", user.bytes())
                .map((row, context) -> change(user, row.getBytes("sealed"), row.getLong("effective_at")))
                .findOne();
    }

    List<Change> due(Handle handle, Instant now, int most) {
        return handle.createQuery(
                        "SELECT user_id, sealed, effective_at FROM prekey_changes WHERE effective_at <= :now LIMIT :most")
                .bind("now", now.getEpochSecond())
                .bind("most", most)
                .map((row, context) ->
                        change(Id.of(row.getBytes("user_id")), row.getBytes("sealed"), row.getLong("effective_at")))
                .list();
    }

    private Change change(Id user, byte[] sealed, long effectiveAt) {
        Upload upload = Json.read(vault.openText(sealed, "prekeys.change", user.bytes()), Upload.class);
        return new Change(user, upload, Instant.ofEpochSecond(effectiveAt));
    }

    void putChange(Handle handle, Change change) {
        byte[] user = change.user().bytes();
        handle.createUpdate(
                        """
                        INSERT INTO prekey_changes (user_id, sealed, effective_at) VALUES (:user, :sealed, :at)
                        ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, effective_at = excluded.effective_at
                        """)
                .bind("user", user)
                .bind("sealed", vault.seal(Json.text(change.upload()), "prekeys.change", user))
                .bind("at", change.effectiveAt().getEpochSecond())
                .execute();
    }

    void dropChange(Handle handle, Id user) {
        handle.createUpdate("DELETE FROM prekey_changes WHERE user_id = :user")
                .bind("user", user.bytes())
                .execute();
    }

    private byte[] digest(Id user, Kind kind, String prekey) {
        return vault.blind("prekey." + kind.name(), user.bytes(), prekey.getBytes(StandardCharsets.UTF_8));
    }
}
