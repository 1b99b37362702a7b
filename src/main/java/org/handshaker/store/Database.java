// SPDX-License-Identifier: MIT
package org.handshaker.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secrets;
import org.handshaker.core.Unusable;
import org.handshaker.store.GroupCommit.Kind;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
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
    /**
     * Of a new file; an older one keeps what it has. A body of 1 KiB fits a page of SQLite's usual 4 KiB three times, and this one seven
     * times: less is written for each (decision 21).
     */
    private static final int PAGE_BYTES = 8_192;
    /** Of the writer. The foreign key looks up an event's queue: of a hundred thousand queues, all stay within reach. */
    private static final int CACHE_KIB = 8_192;
    /** The number of a process. */
    private static final long LOCK_BYTES_MAX = 20;
    /** Given back at a time, so that nobody waits long behind it and the WAL stays within the reserve. */
    private static final int VACUUM_PAGES_MAX = 250;
    /** Times in a row; what stays for later is zeroes. */
    private static final int VACUUM_ROUNDS_MAX = 40;

    private final Path natives;
    private final FileChannel lock;
    private final Handle writer;
    private final Reserve reserve;
    private final GroupCommit commits;
    private final BlockingQueue<Handle> readers = new ArrayBlockingQueue<>(READERS, true);
    private volatile boolean isClosed;

    private Database(Path natives, FileChannel lock, Handle writer, Reserve reserve) {
        this.natives = natives;
        this.lock = lock;
        this.writer = writer;
        this.reserve = reserve;
        this.commits = new GroupCommit(writer, reserve);
    }

    /** Opens or creates {@code handshaker.db}, private to this user, in the directory. */
    public static Database open(Path directory) {
        return open(directory, Schema.FILES);
    }

    /** As {@link #open(Path)} with the schema of another version: how upgrades are tested. */
    static Database open(Path directory, List<String> schema) {
        createPrivateDirectory(directory);
        FileChannel lock = lock(directory.resolve("lock"));
        List<Handle> opened = new ArrayList<>();
        try {
            Path natives = emptied(directory.resolve("native"));
            if (System.getProperty("org.sqlite.tmpdir") == null) {
                System.setProperty("org.sqlite.tmpdir", natives.toString());
            }
            Path file = directory.resolve("handshaker.db");
            Reserve reserve = new Reserve(directory);
            createPrivateFile(file);
            refuseNewer(file, schema.size());
            Handle writer = openWriter(file);
            opened.add(writer);
            Backups.takeBeforeUpgrade(writer, directory, schema.size());
            Schema.upgrade(writer, schema);
            Backups.renewEpochIfRestored(writer);
            Database database = new Database(natives, lock, writer, reserve);
            for (int i = 0; i < READERS; i++) {
                Handle reader = openReader(file);
                opened.add(reader);
                database.readers.add(reader);
            }
            database.commits.start();
            return database;
        } catch (IOException | JdbiException broken) {
            giveUp(opened, lock);
            throw new Unusable(
                    "The database cannot be opened: check that handshaker.db is whole, writable and not full.", broken);
        } catch (RuntimeException failed) {
            giveUp(opened, lock);
            throw failed;
        }
    }

    private static void giveUp(List<Handle> opened, FileChannel lock) {
        opened.forEach(Database::closeQuietly);
        closeQuietly(lock);
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

    /**
     * Makes a change that may add to the store and returns after its fsync; {@code storage_full} where there is no room but the
     * reserve. A refusal inside undoes this change and only this one.
     */
    public <T extends @Nullable Object> T write(Function<Handle, T> change) {
        return await(writeLater(change));
    }

    /** As {@link #write}, without a waiting thread. Continuations run on the commit thread: they must be short. */
    public <T extends @Nullable Object> CompletableFuture<T> writeLater(Function<Handle, T> change) {
        return commits.submit(Kind.GROWS, change);
    }

    /**
     * As {@link #writeLater(Function)}, for a change that refuses nothing, and a caller who hangs its continuations on
     * {@code done} beforehand: they run on the commit thread then, and never on this one.
     */
    public <T extends @Nullable Object> void writeLater(CompletableFuture<T> done, Function<Handle, T> change) {
        commits.submit(Kind.GROWS, change, done);
    }

    /**
     * As {@link #write}, for a change that frees room, or keeps what it takes: it is made on a full disk as well, with the
     * reserve.
     */
    public <T extends @Nullable Object> T free(Function<Handle, T> change) {
        return await(freeLater(change));
    }

    /** As {@link #free}, without a waiting thread. */
    public <T extends @Nullable Object> CompletableFuture<T> freeLater(Function<Handle, T> change) {
        return commits.submit(Kind.FREES, change);
    }

    /** As {@link #writeLater(CompletableFuture, Function)}, for a change that frees room. */
    public <T extends @Nullable Object> void freeLater(CompletableFuture<T> done, Function<Handle, T> change) {
        commits.submit(Kind.FREES, change, done);
    }

    /** Refuses with {@code storage_full} where a {@link #write} would be refused for it. */
    public void requireRoom() {
        if (reserve.isShort()) {
            throw Reason.STORAGE_FULL.refuse();
        }
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

    /** Changes in line for the next commit. */
    public int changesWaiting() {
        return commits.waiting();
    }

    /** Truncates the WAL and returns freed pages to the file system, so that deleted bytes are in no live file any more. */
    public void forgetDeleted() {
        boolean hasMore = true;
        for (int round = 0; hasMore && round < VACUUM_ROUNDS_MAX; round++) {
            hasMore = await(commits.submit(Kind.BETWEEN, this::forgetSome));
        }
    }

    /** Returns whether there are more freed pages. */
    private boolean forgetSome(Handle handle) {
        long free = freePages(handle);
        try {
            if (free > 0) {
                vacuum(handle, Math.min(free, VACUUM_PAGES_MAX));
            }
        } finally {
            truncateWal(handle);
            reserve.fillWal();
        }
        return free > VACUUM_PAGES_MAX;
    }

    private long freePages(Handle handle) {
        long free =
                handle.createQuery("PRAGMA freelist_count").mapTo(Long.class).one();
        return free - reserve.freePagesKept(handle);
    }

    /** This pragma does a page at each step and has no columns: only plain JDBC's update runs it to its end. */
    private static void vacuum(Handle handle, long pages) {
        String pragma = "PRAGMA incremental_vacuum(" + pages + ")";
        try (Statement statement = handle.getConnection().createStatement()) {
            statement.executeUpdate(pragma);
        } catch (SQLException failed) {
            throw new UnableToExecuteStatementException(failed, null);
        }
    }

    /** All of it goes into the database, where no reader holds it; what was in it is in no file any more. */
    static void truncateWal(Handle writer) {
        writer.createQuery("PRAGMA wal_checkpoint(TRUNCATE)").mapToMap().list();
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
        byte[] known = free(handle -> {
            handle.createUpdate("UPDATE store SET key_check = :check WHERE length(key_check) = 0")
                    .bind("check", check)
                    .execute();
            return handle.createQuery("SELECT key_check FROM store")
                    .mapTo(byte[].class)
                    .one();
        });
        if (!Secrets.same(known, check)) {
            throw new Unusable(
                    "This key is not the one of this database: check --key-file. Nothing was read or written with it.");
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
            @Nullable Handle reader = isClosed ? null : readers.poll(READER_WAIT_MILLIS, TimeUnit.MILLISECONDS);
            if (reader == null) {
                throw (isClosed ? Reason.SHUTTING_DOWN : Reason.BUSY).refuse();
            }
            return reader;
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw Reason.SHUTTING_DOWN.refuse();
        }
    }

    /** Looks through a read-only connection, which leaves even a WAL of the newer relay as it is. */
    private static void refuseNewer(Path file, int known) {
        try (Handle reader = openReader(file)) {
            int version = Schema.versionOf(reader);
            if (version > known) {
                throw new Unusable("The database is of a newer relay (version " + version + ", this one knows " + known
                        + "). Nothing was touched; use the newer jar.");
            }
        }
    }

    private static Handle openWriter(Path file) {
        Handle writer = Jdbi.create(() -> commonConfig().createConnection("jdbc:sqlite:" + file))
                .open();
        // Before the first table exists and before WAL; afterwards both are properties of the file.
        writer.execute("PRAGMA page_size = " + PAGE_BYTES);
        writer.execute("PRAGMA auto_vacuum = INCREMENTAL");
        writer.execute("PRAGMA journal_mode = WAL");
        writer.execute("PRAGMA synchronous = FULL");
        writer.execute("PRAGMA cache_size = -" + CACHE_KIB);
        writer.execute("PRAGMA trusted_schema = OFF");
        return writer;
    }

    private static Handle openReader(Path file) {
        SQLiteConfig config = commonConfig();
        config.setReadOnly(true);
        Handle reader = Jdbi.create(() -> config.createConnection("jdbc:sqlite:" + file))
                .open();
        reader.execute("PRAGMA trusted_schema = OFF");
        return reader;
    }

    private static SQLiteConfig commonConfig() {
        SQLiteConfig config = new SQLiteConfig();
        config.setPragma(SQLiteConfig.Pragma.SECURE_DELETE, "ON");
        config.setTempStore(TempStore.MEMORY);
        config.enforceForeignKeys(true);
        // Else the driver asks for the row of each insert, which nobody wants to know.
        config.setGetGeneratedKeys(false);
        config.setBusyTimeout(BUSY_MILLIS);
        return config;
    }

    private static void createPrivateDirectory(Path directory) {
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(directory, onlyOwner("rwx------"));
            }
        } catch (IOException impossible) {
            throw new Unusable("The data directory cannot be made: check --data.", impossible);
        }
    }

    /** SQLite gives its WAL the permissions that it finds on the database. */
    static void createPrivateFile(Path file) throws IOException {
        if (!Files.exists(file)) {
            Files.createFile(file, onlyOwner("rw-------"));
        }
    }

    private static FileAttribute<?>[] onlyOwner(String permissions) {
        if (!FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
            return new FileAttribute<?>[0];
        }
        return new FileAttribute<?>[] {
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        };
    }

    /** What a killed relay has left there is of no use. Called with the lock held. */
    private static Path emptied(Path natives) {
        createPrivateDirectory(natives);
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
            FileChannel channel = FileChannel.open(
                    file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), onlyOwner("rw-------"));
            if (channel.tryLock() == null) {
                channel.close();
                throw new Unusable("Another relay uses this data directory.");
            }
            channel.truncate(0)
                    .write(StandardCharsets.US_ASCII.encode(
                            Long.toString(ProcessHandle.current().pid())));
            return channel;
        } catch (OverlappingFileLockException twice) {
            // The channel stays open: on POSIX systems closing it would release the lock that this process holds.
            throw new Unusable("Another relay uses this data directory.", twice);
        } catch (IOException impossible) {
            throw new Unusable("The data directory cannot be written: check --data.", impossible);
        }
    }

    /** The process that has this directory's store open now. Not to be asked by that process itself. */
    public static Optional<Long> holder(Path directory) {
        Path file = directory.resolve("lock");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (channel.tryLock() != null) {
                return Optional.empty();
            }
            return Holder.of(file, Long.parseLong(Files.readString(file).strip()));
        } catch (IOException | NumberFormatException | OverlappingFileLockException nobodyOrUs) {
            return Optional.empty();
        }
    }

    /** Whether the directory was once a relay's: a lock is there, and in it the number of a process. */
    public static boolean isLockIn(Path directory) {
        Path file = directory.resolve("lock");
        try {
            return Files.isRegularFile(file)
                    && Files.size(file) <= LOCK_BYTES_MAX
                    && Files.readString(file, StandardCharsets.US_ASCII).matches("[0-9]+");
        } catch (IOException unreadable) {
            return false;
        }
    }

    private static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception alreadyFailing) {
            return;
        }
    }

    /** Commits what is queued, waits for readers, truncates the WAL and closes every connection. Closing twice is harmless. */
    @Override
    public void close() {
        if (isClosed) {
            return;
        }
        commits.close();
        closeReaders();
        try {
            truncateWal(writer);
        } finally {
            writer.close();
            closeQuietly(lock);
        }
    }

    private void closeReaders() {
        try {
            for (int i = 0; i < READERS; i++) {
                borrow().close();
            }
        } catch (Refused stillReading) {
            // A read without an end must not keep the relay from stopping; SQLite recovers the WAL at the next start.
            return;
        } finally {
            isClosed = true;
        }
    }
}
