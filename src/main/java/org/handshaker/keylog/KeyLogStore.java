// SPDX-License-Identifier: MIT
package org.handshaker.keylog;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.handshaker.core.Id;
import org.handshaker.core.KeyLogEntry;
import org.handshaker.core.Vault;
import org.handshaker.web.Json;
import org.jdbi.v3.core.Handle;

/** The SQL of {@code key_log} and {@code key_log_heads}. */
final class KeyLogStore {
    private final Vault vault;

    KeyLogStore(Vault vault) {
        this.vault = vault;
    }

    /** Where a log ends. */
    record Head(long position, String hash) {
        static final Head NONE = new Head(0, KeyLogEntry.ORIGIN);
    }

    Head head(Handle handle, Id user) {
        return handle.createQuery("SELECT sealed FROM key_log_heads WHERE user_id = :user")
                .bind("user", user.bytes())
                .mapTo(byte[].class)
                .findOne()
                .map(stored -> Json.read(vault.openText(stored, "key_log.head", user.bytes()), Head.class))
                .orElse(Head.NONE);
    }

    /** In order. An entry that does not open is a fault of the store, and thrown as one. */
    List<KeyLogEntry> entries(Handle handle, Id user) {
        return handle.createQuery("SELECT position, sealed FROM key_log WHERE user_id = :user ORDER BY position")
                .bind("user", user.bytes())
                .map((row, context) -> {
                    byte[] position = bytes(row.getLong("position"));
                    String text = vault.openText(row.getBytes("sealed"), "key_log", user.bytes(), position);
                    return Json.read(text, KeyLogEntry.class);
                })
                .list();
    }

    void append(Handle handle, Id user, KeyLogEntry entry) {
        byte[] position = bytes(entry.position());
        handle.createUpdate("INSERT INTO key_log (user_id, position, sealed) VALUES (:user, :position, :sealed)")
                .bind("user", user.bytes())
                .bind("position", entry.position())
                .bind("sealed", vault.seal(Json.text(entry), "key_log", user.bytes(), position))
                .execute();
        Head head = new Head(entry.position(), entry.hash());
        handle.createUpdate(
                        """
                        INSERT INTO key_log_heads (user_id, sealed) VALUES (:user, :sealed)
                        ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed
                        """)
                .bind("user", user.bytes())
                .bind("sealed", vault.seal(Json.text(head), "key_log.head", user.bytes()))
                .execute();
    }

    /** Everybody who has a log, or a head of one. */
    void eachUser(Handle handle, Consumer<Id> each) {
        handle.createQuery("SELECT user_id FROM key_log UNION SELECT user_id FROM key_log_heads")
                .mapTo(byte[].class)
                .forEach(user -> each.accept(Id.of(user)));
    }

    private static byte[] bytes(long position) {
        return ByteBuffer.allocate(Long.BYTES).putLong(position).array();
    }
}
