// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.function.Consumer;
import org.handshaker.client.KeyHistory;
import org.handshaker.client.KeyLogBroken;
import org.handshaker.core.Config;
import org.handshaker.core.Unusable;
import org.handshaker.core.Vault;
import org.handshaker.directory.Directory;
import org.handshaker.keylog.KeyLog;
import org.handshaker.store.Database;
import org.jspecify.annotations.Nullable;

/** {@code verify-log}: checks a key log that a client has kept, or all of a relay's that does not run. Changes nothing. */
final class VerifyLog {
    private static final long FILE_BYTES_MAX = 1_024 * 1_024;

    private final Consumer<String> out;

    VerifyLog(Consumer<String> out) {
        this.out = out;
    }

    /**
     * Whether an answer of {@code GET /users/{username}/key-log} is whole.
     *
     * @param seen a head seen before, which must be in it; null when none was
     */
    boolean file(Path file, @Nullable String seen) {
        String text;
        try {
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw new Unusable("The file is too large for a key log: " + file + ".");
            }
            text = Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new Unusable("The file cannot be read: " + file + ".", unreadable);
        }
        try {
            KeyHistory history = KeyHistory.parse(text);
            history.check(seen);
            out.accept("whole: " + history.entries().size() + " entries, head " + history.head());
            return true;
        } catch (KeyLogBroken broken) {
            out.accept("broken: " + broken.getMessage());
            return false;
        }
    }

    /** Whether all logs of a store are. The relay must not run. */
    boolean store(Config config, InstantSource time) {
        Vault vault = StoreCommands.vault(config);
        try (Database database = Database.open(config.data())) {
            database.requireKey(vault.blind("key check"));
            Directory directory = Directory.open(database, vault);
            KeyLog.Inspection found =
                    KeyLog.inspector(database, vault, directory, time).inspect();
            out.accept((found.broken() == 0 ? "whole: " : "broken: " + found.broken() + " of ") + found.logs()
                    + " logs, " + found.entries() + " entries");
            return found.broken() == 0;
        }
    }
}
