// SPDX-License-Identifier: MIT
package org.handshaker.store;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;

/**
 * Room on the disk that is kept back for deleting, which SQLite cannot do without writing to its WAL first.
 *
 * <p>A file of zeroes holds the room. Changes that make the store grow are refused while no more than it is left. When not
 * even a delete finds room any more, the reserve is <i>spent</i>: its room moves into the WAL, from where no other program can
 * take it, and the database may not grow, so that the WAL can always be emptied into it. When space returns, so does the file.
 *
 * <p>All but {@link #isShort} belongs to the commit thread.
 */
final class Reserve {
    /** Enough to delete a full queue at once, or an account with it. */
    static final long BYTES_MAX = 32L * 1_024 * 1_024;
    /** Of a small partition not more than this part. */
    static final int PARTITION_SHARE = 8;
    /** The part of a spent reserve that becomes free pages of the database, for what is added while deleting. */
    private static final int SLACK_SHARE = 16;
    /** How old a look at the disk may be. */
    private static final long LOOK_NANOS = 200_000_000L;
    /** Until the file is tried again when it could not be written though there seemed to be room. */
    private static final long AGAIN_NANOS = 60_000_000_000L;

    private static final int CHUNK_BYTES = 64 * 1_024;

    private final Path file;
    private final Path wal;
    private final File partition;
    private final long bytes;
    private volatile boolean isSpent;
    private volatile boolean isShort;
    private volatile long lookedAt = System.nanoTime() - LOOK_NANOS;
    private long triedAt = System.nanoTime() - AGAIN_NANOS;
    /** What the database might grow to before it was kept from growing; 0 while it is not. */
    private long pagesMaxBefore;

    /** @param directory where the database lies */
    Reserve(Path directory) {
        this.file = directory.resolve("reserve");
        this.wal = directory.resolve("handshaker.db-wal");
        this.partition = directory.toFile();
        this.bytes = Math.min(BYTES_MAX, partition.getTotalSpace() / PARTITION_SHARE);
        this.isSpent = sizeOf(file) < bytes;
        if (!isSpent && partition.getUsableSpace() < bytes / SLACK_SHARE) {
            // The relay was stopped on a full disk; to open, SQLite needs a little.
            delete();
        }
    }

    /** Whether what makes the store grow is to be refused. Looks at the disk now and then; any thread may ask. */
    boolean isShort() {
        long now = System.nanoTime();
        if (now - lookedAt >= LOOK_NANOS) {
            lookedAt = now;
            isShort = bytes > 0 && partition.getUsableSpace() < needed();
        }
        return isShort;
    }

    /** A change has found no room: the next question looks at the disk. */
    void distrust() {
        lookedAt = System.nanoTime() - LOOK_NANOS;
    }

    /** What is in the WAL may all have to find room in the database; and a spent reserve must be filled again first. */
    private long needed() {
        return isSpent ? 2 * bytes : bytes + sizeOf(wal);
    }

    /** Between changes: fills the reserve again when there is room again. */
    void renew(Handle writer) {
        if (!isSpent || bytes == 0 || isShort() || System.nanoTime() - triedAt < AGAIN_NANOS) {
            return;
        }
        triedAt = System.nanoTime();
        if (pagesMaxBefore > 0) {
            pragma(writer, "max_page_count = " + pagesMaxBefore);
            pagesMaxBefore = 0;
            truncateWal(writer);
        }
        try {
            Database.createPrivateFile(file);
            extend(file, bytes);
            isSpent = false;
        } catch (IOException noRoom) {
            delete();
        }
    }

    /** Between changes, when a delete has found no room: there is some now, unless other programs were very fast. */
    void spend(Handle writer) {
        triedAt = System.nanoTime() - AGAIN_NANOS;
        if (pagesMaxBefore == 0) {
            delete();
            truncateWal(writer);
            addFreePages(writer);
            truncateWal(writer);
            pagesMaxBefore = pragma(writer, "max_page_count");
            pragma(writer, "max_page_count = " + pragma(writer, "page_count"));
        } else {
            truncateWal(writer);
        }
        fillWal();
    }

    /** After the WAL was truncated: a spent reserve lies there. */
    void fillWal() {
        if (pagesMaxBefore == 0) {
            return;
        }
        try {
            extend(wal, bytes - bytes / 4);
        } catch (IOException noRoom) {
            // As much as there was is better than nothing.
            return;
        }
    }

    /** Free pages that are not to be given back to the file system. */
    long freePagesKept(Handle writer) {
        return pagesMaxBefore == 0 ? 0 : bytes / SLACK_SHARE / pragma(writer, "page_size");
    }

    private void addFreePages(Handle writer) {
        try {
            writer.useTransaction(handle -> {
                handle.execute("CREATE TABLE slack (zeroes BLOB) STRICT");
                handle.execute("INSERT INTO slack VALUES (zeroblob(?))", bytes / SLACK_SHARE);
                handle.execute("DROP TABLE slack");
            });
        } catch (JdbiException noRoom) {
            // What is deleted leaves free pages as well.
            return;
        }
    }

    private static void truncateWal(Handle writer) {
        try {
            Database.truncateWal(writer);
        } catch (JdbiException readersOrNoRoom) {
            // Then what comes next finds out whether there is room.
            return;
        }
    }

    private static long pragma(Handle writer, String pragma) {
        return writer.createQuery("PRAGMA " + pragma).mapTo(Long.class).one();
    }

    /**
     * Zeroes up to a size. At the end of a WAL they are harmless, as SQLite writes over them and takes no frame without a
     * checksum; and with no lock of SQLite's on this file, closing it takes none away.
     */
    private static void extend(Path file, long size) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (long at = channel.size(); at < size; ) {
                ByteBuffer zeroes = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, size - at));
                at += channel.write(zeroes, at);
            }
        }
    }

    private void delete() {
        isSpent = true;
        try {
            Files.deleteIfExists(file);
        } catch (IOException impossible) {
            // Then it stays as it is, and is no worse than before.
            return;
        }
    }

    private static long sizeOf(Path file) {
        return file.toFile().length();
    }
}
