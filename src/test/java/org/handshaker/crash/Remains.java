// SPDX-License-Identifier: MIT
package org.handshaker.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** What a dead relay has left. */
final class Remains {
    private Remains() {}

    /** SQLite finds the files that the dead relay left to be a whole database; it looks at a copy. */
    static void requireWhole(Path directory) throws IOException {
        Path copy = Files.createDirectories(directory.resolve("copy"));
        for (String file : new String[] {"handshaker.db", "handshaker.db-wal"}) {
            Files.deleteIfExists(copy.resolve(file));
            Path left = directory.resolve("data").resolve(file);
            if (Files.exists(left)) {
                Files.copy(left, copy.resolve(file));
            }
        }
        try (Handle handle =
                Jdbi.create("jdbc:sqlite:" + copy.resolve("handshaker.db")).open()) {
            assertEquals(
                    "ok",
                    handle.createQuery("PRAGMA integrity_check")
                            .mapTo(String.class)
                            .one());
            assertEquals(
                    0,
                    handle.createQuery("SELECT count(*) FROM pragma_foreign_key_check")
                            .mapTo(Integer.class)
                            .one());
        }
    }
}
