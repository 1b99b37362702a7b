// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.handshaker.core.Secrets;
import org.handshaker.core.Vault;
import org.handshaker.queue.Ratchet;
import org.handshaker.store.Database;
import org.jspecify.annotations.Nullable;

/** A real database in a directory of the test's, with a vault of its own; can be closed and opened again. */
public final class TestStore implements AutoCloseable {
    private final Path home;
    private Path directory;
    private int lives;
    private final Vault vault = new Vault(Secrets.randomBytes(Vault.MASTER_BYTES));
    private Database database;
    private @Nullable Ratchet ratchet;

    public TestStore(Path directory) {
        this.home = directory;
        this.directory = directory;
        this.database = Database.open(directory);
    }

    public Database database() {
        return database;
    }

    public Vault vault() {
        return vault;
    }

    /** The store's ratchet by a test's clock, whose every word is confirmed; the one before is closed. */
    public Ratchet ratchet(InstantSource time) {
        return ratchet(time, () -> 0, now -> true, Ratchet.Lost.REFUSE);
    }

    public Ratchet ratchet(InstantSource time, LongSupplier nanos, Predicate<Instant> witness, Ratchet.Lost lost) {
        if (ratchet != null) {
            ratchet.close();
        }
        Ratchet opened = Ratchet.open(database, vault, ratchetFile(), time, nanos, witness, lost);
        ratchet = opened;
        return opened;
    }

    public Path ratchetFile() {
        return home.resolve("elsewhere").resolve("ratchet");
    }

    /** As after a restart: a new {@link Database} over the same files. */
    public void reopen() {
        database.close();
        database = Database.open(directory);
    }

    /**
     * As after {@code kill -9}: a new {@link Database} over the files as they are before the next commit. What was lined up and
     * not committed is lost.
     *
     * @param atThatMoment run when the files are taken; what was told by then must be in them
     */
    public void kill(Runnable atThatMoment) {
        Path before = directory;
        Path left = home.resolve("life" + lives++);
        database.write(handle -> {
            // On the commit thread: between two commits, as everybody who was told of the first knows.
            atThatMoment.run();
            return copy(before, left);
        });
        database.close();
        forget(before);
        directory = left;
        database = Database.open(left);
    }

    private static void forget(Path directory) {
        try {
            Files.deleteIfExists(directory.resolve("handshaker.db"));
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private static boolean copy(Path from, Path to) {
        try {
            Files.createDirectories(to);
            for (String file : List.of("handshaker.db", "handshaker.db-wal")) {
                if (Files.exists(from.resolve(file))) {
                    Files.copy(from.resolve(file), to.resolve(file));
                }
            }
            return true;
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /** The disk is full from now on: the file may not grow. */
    public void fill() {
        limitPages(database.<Long>read(handle ->
                handle.createQuery("PRAGMA page_count").mapTo(Long.class).one()));
    }

    /** There is room again. */
    public void makeRoom() {
        limitPages(1_000_000_000);
    }

    private void limitPages(long pages) {
        database.write(handle -> handle.createQuery("PRAGMA max_page_count = " + pages)
                .mapTo(Long.class)
                .one());
    }

    /** Whether a file of the store holds these bytes, the WAL included. */
    public boolean filesHold(byte[] bytes) {
        return indexOf(files(), bytes) >= 0;
    }

    /** Whether a file of the store holds this text in any mix of capitals. */
    public boolean filesHold(String text) {
        String latin = new String(files(), StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
        return latin.contains(text.toLowerCase(Locale.ROOT));
    }

    private byte[] files() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (Stream<Path> paths = Files.walk(directory)) {
            List<Path> files = paths.filter(Files::isRegularFile).toList();
            for (Path file : files) {
                all.write(Files.readAllBytes(file));
            }
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
        return all.toByteArray();
    }

    private static int indexOf(byte[] where, byte[] what) {
        for (int i = 0; i + what.length <= where.length; i++) {
            if (Arrays.equals(where, i, i + what.length, what, 0, what.length)) {
                return i;
            }
        }
        return -1;
    }

    @Override
    public void close() {
        database.close();
        if (ratchet != null) {
            ratchet.close();
        }
    }
}
