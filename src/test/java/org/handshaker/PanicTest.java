// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.handshaker.core.Config;
import org.handshaker.core.Setting;
import org.handshaker.support.Program;
import org.handshaker.support.TestRelay;
import org.handshaker.support.TestTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PanicTest {
    @TempDir
    private Path home;

    private Config config() {
        Map<Setting, String> settings = new EnumMap<>(Setting.class);
        settings.put(Setting.DATA, home.resolve("data").toString());
        settings.put(Setting.KEY_FILE, home.resolve("key").toString());
        settings.put(Setting.TOR, "none");
        return new Config(settings, home);
    }

    private List<String> left() throws IOException {
        try (Stream<Path> files = Files.walk(home)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> home.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void aGibibyteIsNoiseAndGoneWithinASecondAndTheKeysGoFirst() throws Exception {
        TestRelay.startIn(home, java.time.InstantSource.system()).stop();
        Path large = home.resolve("data").resolve("handshaker.db-wal");
        assertEquals(
                0,
                new ProcessBuilder("fallocate", "-l", "1G", large.toString())
                        .start()
                        .waitFor());
        List<byte[]> keys = new ArrayList<>();
        List<Path> held = List.of(home.resolve("key"), home.resolve("data/store.key"), home.resolve("key.ratchet"));
        List<java.nio.channels.FileChannel> channels = new ArrayList<>();
        for (Path key : held) {
            keys.add(Files.readAllBytes(key));
            channels.add(java.nio.channels.FileChannel.open(key));
        }
        Panic panic = new Panic(config());
        long start = System.nanoTime();
        assertEquals(List.of(), panic.destroy());
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        assertTrue(millis < 1_000, millis + " ms");
        assertEquals(List.of(), left());
        // The blocks themselves, of which somebody could have a hold: written over, and not only without a name.
        for (int i = 0; i < channels.size(); i++) {
            java.nio.ByteBuffer block = java.nio.ByteBuffer.allocate(keys.get(i).length);
            channels.get(i).read(block, 0);
            assertEquals(
                    -1, java.util.Arrays.mismatch(block.array(), new byte[block.capacity()]), held.get(i)::toString);
            channels.get(i).close();
        }
    }

    @Test
    void aRelayThatRunsEndsWithItsData() throws Exception {
        String[] serve = {
            "serve",
            "--tor",
            "none",
            "--listen",
            "127.0.0.1:0",
            "--data",
            home.resolve("data").toString(),
            "--key-file",
            home.resolve("key").toString()
        };
        try (Program relay = Program.start(home.resolve("errors"), serve)) {
            relay.awaitLine("ready", 60);
            try (Program panic = Program.start(
                    home.resolve("errors2"),
                    "panic",
                    "--yes",
                    "--data",
                    home.resolve("data").toString(),
                    "--key-file",
                    home.resolve("key").toString())) {
                assertEquals(0, panic.awaitExit(60));
                panic.awaitLine("Everything is destroyed.", 5);
            }
            assertEquals(137, relay.awaitExit(20));
        }
        assertEquals(List.of("errors", "errors2"), left());
    }

    /** A relay with sockets outside its data directory. */
    private Program serve() throws IOException {
        Files.createDirectories(home.resolve("run"));
        return Program.start(
                home.resolve("errors"),
                "serve",
                "--tor=none",
                "--listen=unix:" + home.resolve("run/relay"),
                "--local=unix:" + home.resolve("run/local"),
                "--admin=unix:" + home.resolve("run/admin"),
                "--data=" + home.resolve("data"),
                "--key-file=" + home.resolve("key"));
    }

    /** Sockets included. */
    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.walk(home)) {
            return files.filter(file -> !Files.isDirectory(file))
                    .map(file -> home.relativize(file).toString())
                    .filter(file -> !file.startsWith("errors"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void overTheOperatorsSocketARelayDestroysItselfThatSocketAndItsTokenIncluded() throws Exception {
        try (Program relay = serve()) {
            relay.awaitLine("ready", 60);
            assertTrue(names().containsAll(List.of("run/admin", "run/admin.token", "run/local", "run/relay")));
            try (Program panic = Program.start(
                    home.resolve("errors2"), "admin", "panic", "--yes", "--admin=unix:" + home.resolve("run/admin"))) {
                assertEquals(0, panic.awaitExit(60), panic::toString);
            }
            assertEquals(0, relay.awaitExit(20));
        }
        assertEquals(List.of(), names());
    }

    @Test
    void fromOutsideTheSocketsAndTheTokenGoToo() throws Exception {
        // The second time the relay was killed before, and has left them.
        for (boolean runs : new boolean[] {true, false}) {
            try (Program relay = serve()) {
                relay.awaitLine("ready", 60);
                if (!runs) {
                    relay.kill();
                    relay.awaitExit(20);
                    assertTrue(names().contains("run/admin.token"));
                }
                Path kept = Files.writeString(home.resolve("run/mine"), "not the relay's");
                String[] panic = {
                    "panic", "--yes", "--data=" + home.resolve("data"), "--key-file=" + home.resolve("key")
                };
                ByteSink out = new ByteSink();
                assertEquals(0, Main.run(panic, java.io.InputStream.nullInputStream(), out.stream(), out.stream()));
                assertTrue(out.text().contains("Everything is destroyed."), out::text);
                Files.delete(kept);
                relay.awaitExit(20);
            }
            assertEquals(List.of(), names());
        }
    }

    /** What is no socket where one was said to be is somebody's file. */
    @Test
    void aFileInTheSocketsPlaceIsNotDeleted() throws Exception {
        TestRelay.startIn(home, java.time.InstantSource.system()).stop();
        Path file = Files.writeString(home.resolve("file"), "somebody's");
        Files.writeString(home.resolve("file.token"), "x".repeat(300));
        String[] panic = {
            "panic",
            "--yes",
            "--data=" + home.resolve("data"),
            "--key-file=" + home.resolve("key"),
            "--admin=unix:" + file
        };
        ByteSink out = new ByteSink();
        assertEquals(0, Main.run(panic, java.io.InputStream.nullInputStream(), out.stream(), out.stream()));
        assertEquals(List.of("file", "file.token"), names());
    }

    @Test
    void doesNothingUnasked() throws Exception {
        TestRelay.startIn(home, java.time.InstantSource.system()).stop();
        List<String> before = left();
        ByteSink err = new ByteSink();
        var no = new java.io.ByteArrayInputStream("no\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        String[] panic = {
            "panic",
            "--data",
            home.resolve("data").toString(),
            "--key-file",
            home.resolve("key").toString()
        };
        assertEquals(2, Main.run(panic, no, err.stream(), err.stream()));
        assertTrue(err.text().contains("Nothing was destroyed."), err::text);
        String[] mistyped = {
            "panic",
            "--yes",
            "--data",
            home.toString(),
            "--key-file",
            home.resolve("key").toString()
        };
        assertEquals(2, Main.run(mistyped, no, err.stream(), err.stream()));
        assertEquals(before, left());
    }

    /** What a command has printed. */
    private static final class ByteSink {
        private final java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();

        java.io.PrintStream stream() {
            return new java.io.PrintStream(bytes, true, java.nio.charset.StandardCharsets.UTF_8);
        }

        String text() {
            return bytes.toString(java.nio.charset.StandardCharsets.UTF_8);
        }
    }

    @Test
    void aSilentOperatorsRelayDestroysItselfAndASignOfLifeKeepsIt() throws Exception {
        TestTime time = new TestTime();
        boolean[] isDead = {false};
        Path data = Files.createDirectories(home.resolve("data"));
        DeadMan deadMan = new DeadMan(data, Duration.ofDays(30), time::instant, () -> isDead[0] = true);
        look(deadMan, time);
        time.advance(Duration.ofDays(29));
        look(deadMan, time);
        DeadMan.sign(data, time.instant());
        time.advance(Duration.ofDays(29));
        look(deadMan, time);
        assertFalse(isDead[0]);
        time.advance(Duration.ofDays(2));
        look(deadMan, time);
        assertTrue(isDead[0]);
    }

    @Test
    void whenSomebodyWasHereIsForTheRelaysUserAlone() throws Exception {
        TestTime time = new TestTime();
        Path data = Files.createDirectories(home.resolve("data"));
        Path alive = data.resolve("alive");
        DeadMan.sign(data, time.instant());
        assertEquals("rw-------", mode(alive));
        // As an earlier version made it, found by the relay...
        Files.setPosixFilePermissions(alive, PosixFilePermissions.fromString("rw-r--r--"));
        look(new DeadMan(data, Duration.ofDays(30), time::instant, () -> {}), time);
        assertEquals("rw-------", mode(alive));
        // ...or by the operator, after a kill that left the file that was to take its place.
        Files.setPosixFilePermissions(alive, PosixFilePermissions.fromString("rw-rw-rw-"));
        Files.writeString(data.resolve("alive.part"), "");
        Files.setPosixFilePermissions(data.resolve("alive.part"), PosixFilePermissions.fromString("rw-rw-rw-"));
        DeadMan.sign(data, time.instant());
        assertEquals("rw-------", mode(alive));
        assertEquals(List.of("data/alive"), left());
    }

    /** So systemd hands it to a user that it makes up. */
    @Test
    void throughALinkItDestroysWhatTheLinkLeadsTo() throws Exception {
        TestRelay.startIn(home, java.time.InstantSource.system()).stop();
        Path data = home.resolve("data");
        Files.move(data, home.resolve("private"));
        Files.createSymbolicLink(data, home.resolve("private"));
        assertEquals(List.of(), new Panic(config()).destroy());
        assertEquals(List.of(), left());
    }

    /** What stands in the lock of a container's relay is somebody else's number outside. */
    @Test
    void aProcessThatHoldsNothingIsNotEndedAndTheOneThatDoesIs() throws Exception {
        Process stranger = new ProcessBuilder("sleep", "600").start();
        try (Program relay = serve()) {
            relay.awaitLine("ready", 60);
            Files.writeString(home.resolve("data/lock"), Long.toString(stranger.pid()));
            assertEquals(List.of(), new Panic(config()).destroy());
            assertEquals(137, relay.awaitExit(20));
            assertTrue(stranger.isAlive());
        } finally {
            stranger.destroyForcibly();
        }
    }

    /** The usual key file is the one of another relay of this user, and this relay's was not named. */
    @Test
    void whatNobodyNamedAndIsAnotherRelaysStays() throws Exception {
        TestRelay.startIn(home, java.time.InstantSource.system()).stop();
        Path user = home.resolve("user");
        Map<Setting, String> usual = new EnumMap<>(Setting.class);
        usual.put(Setting.TOR, "none");
        usual.put(Setting.LISTEN, "127.0.0.1:0");
        java.io.PrintStream nobody = new java.io.PrintStream(java.io.OutputStream.nullOutputStream());
        Relay other =
                new Relay(new Config(usual, user), java.time.InstantSource.system(), new Announcer(nobody, nobody));
        other.start();
        other.close();
        List<String> before = left();
        Path master = user.resolve(".config/handshaker/master.key");
        byte[] theirs = Files.readAllBytes(master);
        byte[] chain = Files.readAllBytes(Config.ratchetBeside(master));

        Map<Setting, String> careless = new EnumMap<>(usual);
        careless.put(Setting.DATA, home.resolve("data").toString());
        assertEquals(List.of(master, Config.ratchetBeside(master)), new Panic(new Config(careless, user)).destroy());
        // Typed, it has no file at all, and an earlier version's chain would have lain where theirs does.
        Files.createDirectories(home.resolve("data"));
        careless.put(Setting.KEY_FILE, "-");
        assertEquals(List.of(), new Panic(new Config(careless, user)).destroy());
        assertEquals(before.stream().filter(file -> !file.startsWith("data/")).toList(), left());
        org.junit.jupiter.api.Assertions.assertArrayEquals(theirs, Files.readAllBytes(master));
        org.junit.jupiter.api.Assertions.assertArrayEquals(chain, Files.readAllBytes(Config.ratchetBeside(master)));
        // Its own, which nobody has to name.
        assertEquals(List.of(), new Panic(new Config(usual, user)).destroy());
        assertEquals(List.of("key", "key.ratchet"), left());
    }

    @Test
    void aKeyThatItsOwnerMayOnlyReadIsWrittenOverToo() throws Exception {
        TestRelay.startIn(home, java.time.InstantSource.system()).stop();
        Path key = home.resolve("key");
        Path block = Files.createLink(home.resolve("another name"), key);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("r--------"));
        // Root may write everything, unless it gives that up.
        List<String> asUser =
                "root".equals(System.getProperty("user.name")) ? List.of("setpriv", "--bounding-set=-all") : List.of();
        try (Program panic = Program.startIn(
                asUser,
                home.resolve("errors"),
                "panic",
                "--yes",
                "--data=" + home.resolve("data"),
                "--key-file=" + key)) {
            assertEquals(0, panic.awaitExit(60), panic.errors());
        }
        assertFalse(Files.exists(key));
        assertEquals(-1, java.util.Arrays.mismatch(Files.readAllBytes(block), new byte[32]));
    }

    @Test
    void whatIsNoKeyFileIsNeitherWaitedForNorInTheWay() throws Exception {
        TestRelay.startIn(home, java.time.InstantSource.system()).stop();
        Path pipe = home.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        Files.writeString(home.resolve("data/ratchet.places"), "nowhere:at-all\n");
        Files.writeString(home.resolve("data/doors"), "nowhere:at-all\n");
        Map<Setting, String> settings = new EnumMap<>(Setting.class);
        settings.put(Setting.DATA, home.resolve("data").toString());
        settings.put(Setting.KEY_FILE, home.resolve("key").toString());
        settings.put(Setting.RATCHET_FILE, pipe.toString());
        List<Path> stays = org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(
                Duration.ofSeconds(30), () -> new Panic(new Config(settings, home)).destroy());
        assertEquals(List.of(pipe), stays);
        assertEquals(List.of("key.ratchet"), left());
    }

    @Test
    void aLockMakesNoRelay() throws Exception {
        Path data = Files.createDirectories(home.resolve("data"));
        Files.createFile(data.resolve("lock"));
        org.junit.jupiter.api.Assertions.assertThrows(
                org.handshaker.core.Unusable.class, () -> new Panic(config()).requireRelay());
        Files.writeString(data.resolve("lock"), "4711");
        new Panic(config()).requireRelay();
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @org.jspecify.annotations.NullUnmarked
    private static void look(DeadMan deadMan, TestTime time) {
        assertEquals(0, deadMan.expire(null, time.instant()));
    }
}
