// SPDX-License-Identifier: MIT
package org.handshaker.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * The numbered schema files. Each is applied once, in order, and {@code PRAGMA user_version} counts them; those that are
 * missing are applied all in one transaction, so that a crash leaves the old version and its backup, never something between.
 * A released file is never edited: a change is a new file. There is no way back but the backup taken before.
 */
final class Schema {
    static final List<String> FILES = List.of(
            "000-store.sql",
            "001-users.sql",
            "002-auth.sql",
            "003-connections.sql",
            "004-queue.sql",
            "005-suspensions.sql",
            "006-push.sql",
            "007-prekeys.sql",
            "008-key-log.sql",
            "009-groups.sql",
            "010-invites.sql",
            "011-ratchet.sql",
            "012-seen.sql",
            "013-recovery-mail.sql");

    private Schema() {}

    static int versionOf(Handle handle) {
        return handle.createQuery("PRAGMA user_version").mapTo(Integer.class).one();
    }

    static void upgrade(Handle handle, List<String> files) {
        List<String> missing = files.subList(versionOf(handle), files.size());
        if (missing.isEmpty()) {
            return;
        }
        handle.useTransaction(transaction -> {
            for (String file : missing) {
                transaction.createScript(text(file)).execute();
            }
            transaction.execute("PRAGMA user_version = " + files.size());
        });
    }

    private static String text(String file) {
        try (@Nullable InputStream in = Schema.class.getResourceAsStream("/org/handshaker/schema/" + file)) {
            if (in == null) {
                throw new IllegalStateException("schema file " + file + " is not in the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
