// SPDX-License-Identifier: MIT
package org.handshaker.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.handshaker.core.Id;
import org.handshaker.core.Unusable;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/**
 * The copy taken before an upgrade, which is the only way back. A copy is marked as one: when it is put back and opened, the
 * store gets a new epoch, because sequence numbers since then were given out in another life. Only the newest copy is kept,
 * since a backup remembers what the relay has promised to forget.
 */
final class Backups {
    private static final String PREFIX = "handshaker.db.before-";
    private static final String UNFINISHED = PREFIX + "unfinished";

    private Backups() {}

    static void takeBeforeUpgrade(Handle writer, Path directory, int newVersion) {
        int version = Schema.versionOf(writer);
        if (version == 0 || version == newVersion) {
            return;
        }
        try {
            Path unfinished = directory.resolve(UNFINISHED);
            Files.deleteIfExists(unfinished);
            Database.createPrivateFile(unfinished);
            writer.createUpdate("VACUUM INTO :copy")
                    .bind("copy", unfinished.toString())
                    .execute();
            try (Handle copied = Jdbi.create("jdbc:sqlite:" + unfinished).open()) {
                copied.execute("UPDATE store SET is_backup = 1");
            }
            deleteOlder(directory);
            // Only a whole and marked copy gets the name under which it can be put back.
            Files.move(unfinished, directory.resolve(PREFIX + newVersion), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | JdbiException impossible) {
            throw new Unusable("The backup before the upgrade cannot be made: check the data directory.", impossible);
        }
    }

    private static void deleteOlder(Path directory) throws IOException {
        try (DirectoryStream<Path> older = Files.newDirectoryStream(directory, PREFIX + "[0-9]*")) {
            for (Path old : older) {
                Files.delete(old);
            }
        }
    }

    static void renewEpochIfRestored(Handle writer) {
        boolean isNeeded = writer.createQuery("SELECT is_backup = 1 OR epoch = '' FROM store")
                .mapTo(Boolean.class)
                .one();
        if (isNeeded) {
            renewEpoch(writer);
        }
    }

    static void renewEpoch(Handle writer) {
        writer.createUpdate("UPDATE store SET epoch = :epoch, is_backup = 0")
                .bind("epoch", Id.random().text())
                .execute();
    }
}
