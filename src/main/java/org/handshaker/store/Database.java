// SPDX-License-Identifier: MIT
package org.handshaker.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.handshaker.core.Reason;
import org.handshaker.core.Secrets;
import org.handshaker.core.Unusable;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConfig.TempStore;

/**
 * The SQLite file: opened, locked against a second relay, upgraded, then written by one thread and read by a few.
 *
 * <p>{@code synchronous=FULL} makes a commit survive power loss; {@code secure_delete=ON} overwrites what is deleted (FAST
 * leaves most of it behind); the WAL is truncated by the sweeper, because it keeps old pages until then.
 */
public final class Database implements AutoCloseable {
    private static final int READERS = 4;
    private static final long READER_WAIT_MILLIS = 2_000;
    private static final int BUSY_MILLIS = 2_000;

    private final Path natives;
    private final FileChannel lock;
    private final Handle writer;
    private final GroupCommit commits;
    private final BlockingQueue<Handle> readers = new ArrayBlockingQueue<>(READERS);

    private Database(Path natives, FileChannel lock, Handle writer) {
        this.natives = natives;
        this.lock = lock;
        this.writer = writer;
        this.commits = new GroupCommit(writer);
    }

    /** Opens or creates {@code handshaker.db} in the directory, which is made private to this user. */
    public static Database open(Path directory) {
        createPrivate(directory);
        FileChannel lock = lock(directory.resolve("lock"));
        try {
            Path natives = emptied(directory.resolve("native"));
            if (System.getProperty("org.sqlite.tmpdir") == null) {
                System.setProperty("org.sqlite.tmpdir", natives.toString());
            }
            Path file = directory.resolve("handshaker.db");
            Handle writer = openWriter(file);
            refuseNewer(writer);
            Backups.takeBeforeUpgrade(writer, directory);
            Schema.upgrade(writer, Schema.FILES);
            Backups.renewEpochIfRestored(writer);
            Database database = new Database(natives, lock, writer);
            for (int i = 0; i < READERS; i++) {
                database.readers.add(Jdbi.create(() -> readerConfig().createConnection("jdbc:sqlite:" + file))
                        .open());
            }
            database.commits.start();
            return database;
        } catch (RuntimeException failed) {
            closeQuietly(lock);
            throw failed;
        }
    }

    /** Asks a read-only connection; {@code busy} when none is free for two seconds. */
    public <T extends @Nullable Object> T read(Function<Handle, T> query) {
        Handle reader = borrow();
        try {
            return query.apply(reader);
        } finally {
            readers.add(reader);
        }
    }

    /** Makes a change and returns after its fsync. A refusal inside undoes this change and only this one. */
    public <T extends @Nullable Object> T write(Function<Handle, T> change) {
        return await(writeLater(change));
    }

    /** As {@link #write}, without a waiting thread. Continuations run on the commit thread: they must be short. */
    public <T extends @Nullable Object> CompletableFuture<T> writeLater(Function<Handle, T> change) {
        return commits.submit(change);
    }

    /** To be called inside a change: runs {@code done} on the commit thread after the fsync; dropped when the change is refused. */
    public void afterCommit(Runnable done) {
        commits.onOutcome(isCommitted -> {
            if (isCommitted) {
                done.run();
            }
        });
    }

    /** To be called inside a change: hears of its commit or its undoing, whichever comes. */
    public void onOutcome(Outcome outcome) {
        commits.onOutcome(outcome);
    }

    /** Truncates the WAL and returns freed pages to the file system, so that deleted bytes are in no live file any more. */
    public void forgetDeleted() {
        await(commits.submitBetween(handle -> {
            handle.createQuery("PRAGMA incremental_vacuum").mapToMap().list();
            return handle.createQuery("PRAGMA wal_checkpoint(TRUNCATE)")
                    .mapToMap()
                    .list();
        }));
    }

    /** The store's epoch: changes only when a backup was put back, so that clients see that their acks are from another life. */
    public String epoch() {
        return read(handle -> handle.createQuery("SELECT epoch FROM store")
                .mapTo(String.class)
                .one());
    }

    /** Private to this user: where native libraries are unpacked, rather than where all users' temporary files are. */
    public Path nativesDirectory() {
        return natives;
    }

    /** After a copy was put back by hand: every client learns that its acks are from another life. */
    public void renewEpoch() {
        write(handle -> {
            Backups.renewEpoch(handle);
            return true;
        });
    }

    /** Remembers on the first start what the key is known by, and refuses another key afterwards. */
    public void requireKey(byte[] check) {
        byte[] known = write(handle -> {
            handle.createUpdate("UPDATE store SET key_check = :check WHERE length(key_check) = 0")
                    .bind("check", check)
                    .execute();
            return handle.createQuery("SELECT key_check FROM store")
                    .mapTo(byte[].class)
                    .one();
        });
        if (!Secrets.same(known, check)) {
            throw new Unusable("This key file is not the one of this database: check --key-file. Nothing was touched.");
        }
    }

    private <T extends @Nullable Object> T await(CompletableFuture<T> future) {
        if (commits.isWriterThread()) {
            throw new IllegalStateException("a change must not wait for another change");
        }
        try {
            return future.join();
        } catch (CompletionException failed) {
            if (failed.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw failed;
        }
    }

    private Handle borrow() {
        try {
            @Nullable Handle reader = readers.poll(READER_WAIT_MILLIS, TimeUnit.MILLISECONDS);
            if (reader == null) {
                throw Reason.BUSY.refuse();
            }
            return reader;
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw Reason.SHUTTING_DOWN.refuse();
        }
    }

    private static void refuseNewer(Handle writer) {
        int version = Schema.versionOf(writer);
        if (version > Schema.FILES.size()) {
            writer.close();
            throw new Unusable("The database is of a newer relay (version " + version + ", this one knows "
                    + Schema.FILES.size() + "). Nothing was touched; use the newer jar.");
        }
    }

    private static Handle openWriter(Path file) {
        Handle writer = Jdbi.create(() -> commonConfig().createConnection("jdbc:sqlite:" + file))
                .open();
        // Before the first table exists and before WAL; afterwards it is a property of the file.
        writer.execute("PRAGMA auto_vacuum = INCREMENTAL");
        writer.execute("PRAGMA journal_mode = WAL");
        writer.execute("PRAGMA synchronous = FULL");
        writer.execute("PRAGMA trusted_schema = OFF");
        return writer;
    }

    private static SQLiteConfig readerConfig() {
        SQLiteConfig config = commonConfig();
        config.setReadOnly(true);
        return config;
    }

    private static SQLiteConfig commonConfig() {
        SQLiteConfig config = new SQLiteConfig();
        config.setPragma(SQLiteConfig.Pragma.SECURE_DELETE, "ON");
        config.setTempStore(TempStore.MEMORY);
        config.enforceForeignKeys(true);
        config.setBusyTimeout(BUSY_MILLIS);
        return config;
    }

    private static void createPrivate(Path directory) {
        try {
            if (!Files.isDirectory(directory)) {
                if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
                    Files.createDirectories(
                            directory,
                            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
                } else {
                    Files.createDirectories(directory);
                }
            }
        } catch (IOException impossible) {
            throw new Unusable("The data directory cannot be made: check --data.", impossible);
        }
    }

    /** What a killed relay has left there is of no use. Called with the lock held. */
    private static Path emptied(Path natives) {
        createPrivate(natives);
        try (DirectoryStream<Path> left = Files.newDirectoryStream(natives)) {
            for (Path file : left) {
                Files.delete(file);
            }
            return natives;
        } catch (IOException impossible) {
            throw new Unusable("The data directory cannot be written: check --data.", impossible);
        }
    }

    private static FileChannel lock(Path file) {
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (channel.tryLock() == null) {
                channel.close();
                throw new Unusable("Another relay uses this data directory.");
            }
            return channel;
        } catch (OverlappingFileLockException twice) {
            throw new Unusable("Another relay uses this data directory.", twice);
        } catch (IOException impossible) {
            throw new Unusable("The data directory cannot be written: check --data.", impossible);
        }
    }

    private static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception alreadyFailing) {
            return;
        }
    }

    /** Commits what is queued, truncates the WAL and closes every connection. */
    @Override
    public void close() {
        commits.close();
        for (Handle reader = readers.poll(); reader != null; reader = readers.poll()) {
            reader.close();
        }
        try {
            writer.createQuery("PRAGMA wal_checkpoint(TRUNCATE)").mapToMap().list();
        } finally {
            writer.close();
            closeQuietly(lock);
        }
    }
}
