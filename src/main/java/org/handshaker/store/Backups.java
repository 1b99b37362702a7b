// SPDX-License-Identifier: MIT
package org.handshaker.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.handshaker.core.Id;
import org.handshaker.core.Unusable;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * The copy taken before an upgrade, which is the only way back. A copy is marked as one: when it is put back and opened, the
 * store gets a new epoch, because sequence numbers since then were given out in another life. Only the newest copy is kept,
 * since a backup remembers what the relay has promised to forget.
 */
final class Backups {
    private static final String PREFIX = "handshaker.db.before-";

    private Backups() {}

    static void takeBeforeUpgrade(Handle writer, Path directory) {
        int version = Schema.versionOf(writer);
        if (version == 0 || version == Schema.FILES.size()) {
            return;
        }
        Path copy = directory.resolve(PREFIX + Schema.FILES.size());
        try (DirectoryStream<Path> older = Files.newDirectoryStream(directory, PREFIX + "*")) {
            for (Path old : older) {
                Files.delete(old);
            }
        } catch (IOException unreadable) {
            throw new Unusable("The backup before the upgrade cannot be made: check the data directory.", unreadable);
        }
        writer.createUpdate("VACUUM INTO :copy").bind("copy", copy.toString()).execute();
        try (Handle copied = Jdbi.create("jdbc:sqlite:" + copy).open()) {
            copied.execute("UPDATE store SET is_backup = 1");
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
