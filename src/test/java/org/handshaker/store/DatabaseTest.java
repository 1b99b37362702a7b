// SPDX-License-Identifier: MIT
package org.handshaker.store;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.handshaker.core.Reason;
import org.handshaker.core.Unusable;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DatabaseTest {
    private static final byte[] KEY = "this key".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path directory;

    private static List<String> with(String... files) {
        List<String> schema = new ArrayList<>(Schema.FILES);
        schema.addAll(List.of(files));
        return schema;
    }

    private static String pragma(Handle handle, String name) {
        return handle.createQuery("PRAGMA " + name).mapTo(String.class).one();
    }

    @Test
    void itsPragmasAreInForceOnTheWriterAndOnEveryReader() throws Exception {
        try (Database database = Database.open(directory)) {
            Map<String, String> writer = database.write(DatabaseTest::pragmas);
            assertEquals(
                    Map.of(
                            "auto_vacuum", "2",
                            "foreign_keys", "1",
                            "journal_mode", "wal",
                            "page_size", "8192",
                            "secure_delete", "1",
                            "synchronous", "2",
                            "temp_store", "2",
                            "trusted_schema", "0"),
                    writer);
            // Readers are lent in turn, so that all of them are asked.
            for (int i = 0; i < 4; i++) {
                assertEquals(writer, database.read(DatabaseTest::pragmas));
            }
        }
    }

    private static Map<String, String> pragmas(Handle handle) {
        Map<String, String> found = new TreeMap<>();
        for (String name : List.of(
                "auto_vacuum",
                "foreign_keys",
                "journal_mode",
                "page_size",
                "secure_delete",
                "synchronous",
                "temp_store",
                "trusted_schema")) {
            found.put(name, pragma(handle, name));
        }
        return found;
    }

    @Test
    void aReaderCannotWrite() {
        try (Database database = Database.open(directory)) {
            assertThrows(
                    RuntimeException.class,
                    () -> database.read(handle -> handle.execute("UPDATE store SET epoch = 'x'")));
        }
    }

    @Test
    void itsFilesArePrivate() throws Exception {
        Path data = directory.resolve("data");
        try (Database database = Database.open(data)) {
            Words.create(database);
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(data)));
            for (String file : List.of("lock", "handshaker.db", "handshaker.db-wal", "handshaker.db-shm")) {
                assertEquals(
                        "rw-------",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(data.resolve(file))),
                        file);
            }
        }
    }

    @Test
    void refusesASecondRelayOnTheSameDirectory() {
        try (Database first = Database.open(directory)) {
            Unusable refused = assertThrows(Unusable.class, () -> Database.open(directory));
            assertEquals("Another relay uses this data directory.", refused.getMessage());
            Words.create(first);
        }
        Database.open(directory).close();
    }

    @Test
    void refusesAnotherKeyWithOneSentenceAndChangesNothing() {
        String epoch;
        try (Database database = Database.open(directory)) {
            database.requireKey(KEY);
            database.requireKey(KEY);
            epoch = database.epoch();
        }
        try (Database database = Database.open(directory)) {
            Unusable refused =
                    assertThrows(Unusable.class, () -> database.requireKey("another".getBytes(StandardCharsets.UTF_8)));
            assertTrue(String.valueOf(refused.getMessage()).contains("check --key-file"));
            assertEquals(epoch, database.epoch());
            database.requireKey(KEY);
        }
    }

    @Test
    void refusesANewerDatabaseUntouched() throws Exception {
        Database.open(directory, with("later.sql")).close();
        byte[] before = Files.readAllBytes(directory.resolve("handshaker.db"));

        Unusable refused = assertThrows(Unusable.class, () -> Database.open(directory));

        assertTrue(String.valueOf(refused.getMessage()).contains("newer relay"));
        assertArrayEquals(before, Files.readAllBytes(directory.resolve("handshaker.db")));
        Database.open(directory, with("later.sql")).close();
    }

    @Test
    void refusesANewerDatabaseWithTheWalOfACrashUntouched() throws Exception {
        Path crashed = Files.createDirectory(directory.resolve("crashed"));
        try (Database running = Database.open(directory, with("later.sql"))) {
            Words.create(running);
            for (String file : List.of("lock", "handshaker.db", "handshaker.db-wal")) {
                Files.copy(directory.resolve(file), crashed.resolve(file));
            }
        }
        byte[] wal = Files.readAllBytes(crashed.resolve("handshaker.db-wal"));
        assertTrue(wal.length > 0);

        assertThrows(Unusable.class, () -> Database.open(crashed));

        assertArrayEquals(wal, Files.readAllBytes(crashed.resolve("handshaker.db-wal")));
    }

    @Test
    void aFileThatIsNoDatabaseIsRefusedWithOneSentence() throws Exception {
        Files.writeString(directory.resolve("handshaker.db"), "This was a shopping list. ".repeat(100));
        Unusable refused = assertThrows(Unusable.class, () -> Database.open(directory));
        assertTrue(String.valueOf(refused.getMessage()).startsWith("The database cannot be opened"));
        Files.delete(directory.resolve("handshaker.db"));
        Database.open(directory).close();
    }

    @Test
    void keepsItsEpochAcrossRestartsUntilToldOtherwise() {
        String epoch;
        try (Database database = Database.open(directory)) {
            epoch = database.epoch();
            assertFalse(epoch.isEmpty());
        }
        try (Database database = Database.open(directory)) {
            assertEquals(epoch, database.epoch());
            database.renewEpoch();
            assertNotEquals(epoch, database.epoch());
        }
    }

    @Test
    void backsUpBeforeAnUpgradeAndStartsANewLifeWhenTheCopyIsPutBack() throws Exception {
        String epoch;
        try (Database old = Database.open(directory)) {
            Words.create(old);
            old.write(handle -> Words.add(handle, "old"));
            epoch = old.epoch();
        }
        try (Database upgraded = Database.open(directory, with("later.sql"))) {
            assertEquals(epoch, upgraded.epoch());
            upgraded.write(handle -> Words.add(handle, "new"));
        }
        Path backup =
                directory.resolve("handshaker.db.before-" + with("later.sql").size());
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(backup)));

        Files.delete(directory.resolve("handshaker.db"));
        Files.move(backup, directory.resolve("handshaker.db"));
        String renewed;
        try (Database restored = Database.open(directory)) {
            assertEquals(List.of("old"), Words.in(restored));
            renewed = restored.epoch();
            assertNotEquals(epoch, renewed);
        }
        try (Database again = Database.open(directory)) {
            assertEquals(renewed, again.epoch());
        }
    }

    @Test
    void keepsOnlyTheNewestBackup() throws Exception {
        Database.open(directory).close();
        Files.writeString(directory.resolve("handshaker.db.before-1"), "older");
        Database.open(directory, with("later.sql")).close();
        try (Stream<Path> files = Files.list(directory)) {
            assertEquals(
                    List.of("handshaker.db.before-" + with("later.sql").size()),
                    files.map(file -> file.getFileName().toString())
                            .filter(name -> name.contains("before"))
                            .toList());
        }
    }

    @Test
    void anUpgradeThatFailsLeavesTheOldVersion() throws Exception {
        Database.open(directory).close();
        assertThrows(RuntimeException.class, () -> Database.open(directory, with("later.sql", "broken.sql")));
        try (Database old = Database.open(directory)) {
            assertEquals(Schema.FILES.size(), old.read(Schema::versionOf));
            assertTrue(old.<Boolean>read(
                    handle -> handle.createQuery("SELECT name FROM sqlite_schema WHERE name = 'later'")
                            .mapTo(String.class)
                            .findOne()
                            .isEmpty()));
        }
    }

    @Test
    void whatWasDeletedIsInNoLiveFileOnceForgotten() throws Exception {
        String marker = "marker-of-the-deleted-";
        try (Database database = Database.open(directory)) {
            Words.create(database);
            for (int i = 0; i < 500; i++) {
                String word = marker.repeat(1 + i % 300) + i;
                database.write(handle -> Words.add(handle, word));
            }
            database.forgetDeleted();
            assertTrue(liveFilesHold(marker));
            database.write(handle -> handle.execute("DELETE FROM words"));
            database.forgetDeleted();
            assertFalse(liveFilesHold(marker));
            assertEquals(0, Files.size(directory.resolve("handshaker.db-wal")));
            assertEquals("0", database.read(handle -> pragma(handle, "freelist_count")));
        }
    }

    private boolean liveFilesHold(String marker) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(marker)) {
                    return true;
                }
            }
        }
        return false;
    }

    @Test
    void readsAndDeletesGoOnWhenTheDiskIsFullAndServiceReturnsWithSpace() throws Exception {
        try (Database database = Database.open(directory)) {
            Words.create(database);
            database.write(handle -> Words.add(handle, "x".repeat(100_000)));
            limitPages(database, database.read(handle -> pragma(handle, "page_count")));

            assertRefused(Reason.STORAGE_FULL, () -> database.write(handle -> Words.add(handle, "y".repeat(100_000))));
            assertEquals(1, Words.in(database).size());
            assertEquals(1, Words.write(database, handle -> handle.execute("DELETE FROM words")));
            assertEquals(1, Words.write(database, handle -> Words.add(handle, "y".repeat(50_000))));
            limitPages(database, "1000000");
            assertEquals(1, Words.write(database, handle -> Words.add(handle, "z".repeat(200_000))));
        }
    }

    @Test
    void aFullDiskRefusesOnlyTheChangeThatFoundNoRoom() throws Exception {
        try (Database database = Database.open(directory)) {
            Words.create(database);
            database.write(handle -> Words.add(handle, "x".repeat(100_000)));
            database.write(handle -> Words.add(handle, "kept"));
            limitPages(database, database.read(handle -> pragma(handle, "page_count")));
            CountDownLatch gate = new CountDownLatch(1);
            var unused = database.writeLater(handle -> awaited(gate));
            List<String> told = new ArrayList<>();
            var small = database.writeLater(handle -> {
                database.onOutcome(isCommitted -> told.add("small " + isCommitted));
                return handle.execute("UPDATE words SET word = 'kept too' WHERE word = 'kept'");
            });
            var large = database.writeLater(handle -> {
                database.onOutcome(isCommitted -> told.add("large " + isCommitted));
                return Words.add(handle, "y".repeat(400_000));
            });
            var delete = database.writeLater(handle -> handle.execute("DELETE FROM words WHERE length(word) = 100000"));
            gate.countDown();

            assertEquals(1, small.join());
            assertEquals(1, delete.join());
            assertRefused(Reason.STORAGE_FULL, () -> {
                try {
                    large.join();
                } catch (java.util.concurrent.CompletionException failed) {
                    throw failed.getCause();
                }
            });
            assertEquals(List.of("kept too"), Words.in(database));
            assertEquals(List.of("small false", "small true", "large false"), told);
        }
    }

    /** What frees room is made on a full disk: it is not for others to fill it in the same transaction. */
    @Test
    void whatFreesAndFoundNoRoomInCompanyHasAnotherGoAlone() throws Exception {
        try (Database database = Database.open(directory)) {
            Words.create(database);
            int pages = Integer.parseInt(database.read(handle -> pragma(handle, "page_count")));
            // Room for one of the two.
            limitPages(database, Integer.toString(pages + 12));
            CountDownLatch gate = new CountDownLatch(1);
            var unused = database.writeLater(handle -> awaited(gate));
            AtomicBoolean isAgain = new AtomicBoolean();
            var greedy = database.writeLater(handle -> {
                if (isAgain.getAndSet(true)) {
                    throw Reason.NOT_FOUND.refuse();
                }
                return Words.add(handle, "y".repeat(60_000));
            });
            List<String> told = new ArrayList<>();
            var freeing = database.freeLater(handle -> {
                database.onOutcome(isCommitted -> told.add("freeing " + isCommitted));
                return Words.add(handle, "z".repeat(60_000));
            });
            gate.countDown();

            assertEquals(1, freeing.join());
            assertTrue(greedy.isCompletedExceptionally());
            assertEquals(List.of("freeing false", "freeing true"), told);
            assertEquals(List.of("z".repeat(60_000)), Words.in(database));
        }
    }

    private static boolean awaited(CountDownLatch gate) {
        try {
            return gate.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private static void limitPages(Database database, String pages) {
        database.write(handle -> pragma(handle, "max_page_count = " + pages));
    }

    @Test
    void closeWaitsForAReadThatIsUnderWay() throws Exception {
        Database database = Database.open(directory);
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        List<String> read = new ArrayList<>();
        Thread reader = new Thread(() -> read.add(database.read(handle -> {
            reading.countDown();
            awaited(gate);
            return pragma(handle, "user_version");
        })));
        reader.start();
        assertTrue(reading.await(10, TimeUnit.SECONDS));
        Thread closing = new Thread(database::close);
        closing.start();
        gate.countDown();
        closing.join(30_000);
        reader.join(30_000);
        assertEquals(List.of(String.valueOf(Schema.FILES.size())), read);
        database.close();
        assertFalse(Files.exists(directory.resolve("handshaker.db-wal")));
    }
}
