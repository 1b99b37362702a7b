// SPDX-License-Identifier: MIT
package org.handshaker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.handshaker.core.Config;
import org.handshaker.core.KeyFile;
import org.handshaker.core.Setting;
import org.handshaker.core.StoreKey;
import org.handshaker.core.Unusable;
import org.handshaker.support.Program;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A relay gets a second master key while mail waits: the chain of the mail's keys goes with it, whoever is killed when. */
class MovedChainTest {
    /** What {@code rekey} does to files; strace kills it at each. */
    private static final List<String> DEEDS = List.of("write", "pwrite64", "fsync", "rename", "unlink");

    /** Another file system than that of temporary files, on Linux. */
    private static final Path MEMORY = Path.of("/dev/shm");

    @TempDir
    private Path home;

    /** As it was when the mail waited. */
    @TempDir
    private Path kept;

    private Path elsewhere;
    private String ben = "";
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @BeforeEach
    void mailWaits() throws IOException {
        elsewhere = home.resolve("new");
        TestRelay relay = TestRelay.startIn(home, InstantSource.system(), "--linger=0s");
        RawHttp http = new RawHttp(relay.address());
        String ann = http.signUp("ann");
        ben = http.signUp("ben");
        send(http, ann, "/connections/request", "{\"to_user\":\"@ben\"}");
        send(http, ben, "/connections/request", "{\"to_user\":\"@ann\"}");
        send(http, ann, "/events", "{\"to_user\":\"@ben\",\"kind\":\"message\",\"payload\":\"it waited\"}");
        relay.stop();
        copy(home, kept);
    }

    @AfterEach
    void clearMemory() throws IOException {
        if (elsewhere.startsWith(MEMORY)) {
            delete(elsewhere);
        }
    }

    private static void send(RawHttp http, String token, String path, String body) {
        int status = http.request("POST", path).token(token).json(body).send().status();
        assertTrue(status < 300, path + " " + status);
    }

    private Path oldKey() {
        return home.resolve("key");
    }

    private Path newKey() {
        return elsewhere.resolve("key2");
    }

    private Path oldChain() {
        return home.resolve("key.ratchet");
    }

    private Path newChain() {
        return elsewhere.resolve("key2.ratchet");
    }

    private void requireMail(Path keyFile, String when) {
        TestRelay relay = TestRelay.startIn(home, InstantSource.system(), "--key-file=" + keyFile);
        String events = new RawHttp(relay.address())
                .request("GET", "/events")
                .token(ben)
                .send()
                .body();
        relay.stop();
        assertTrue(events.contains("it waited"), when + ": " + events);
    }

    private int run(InputStream in, String... words) {
        out.reset();
        PrintStream stream = new PrintStream(out, true, UTF_8);
        return Main.run(words, in, stream, stream);
    }

    private String[] rekey(String... more) {
        List<String> words = new ArrayList<>(List.of("rekey", "--data=" + home.resolve("data")));
        if (more.length == 0) {
            words.add("--key-file=" + oldKey());
        }
        words.add("--new-key-file=" + newKey());
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    private int rekey() {
        return run(InputStream.nullInputStream(), rekey(new String[0]));
    }

    @Test
    void goesWithTheKeyAndEitherKeyFindsItUntilTheNewOneStarts() throws IOException {
        assertEquals(0, rekey(), out.toString(UTF_8));
        assertFalse(Files.exists(oldChain()));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(newChain())));
        requireMail(oldKey(), "the machine went down before the settings were changed");
        assertFalse(Files.exists(oldChain()), "and made no second one");
        requireMail(newKey(), "the new key");
        assertFalse(Files.exists(home.resolve("data/ratchet.places")), "where it belongs nothing must be remembered");
        assertThrows(Unusable.class, () -> requireMail(oldKey(), "the old key is over"));
        requireMail(newKey(), "again");
    }

    @ParameterizedTest
    @ValueSource(strings = {"beside", "on another file system"})
    void killedAtAnyMomentItLosesNothingAndDoneAgainItIsDone(String where) throws Exception {
        if (!where.equals("beside")) {
            assumeTrue(isOtherFileSystem());
            elsewhere = Files.createTempDirectory(MEMORY, "rekey");
        }
        int kills = 0;
        for (String deed : DEEDS) {
            boolean isDone = false;
            for (int nth = 1; nth <= 20 && !isDone; nth++) {
                restore(kept, home);
                delete(elsewhere);
                isDone = killedAt(deed, nth) == 0;
                kills += isDone ? 0 : 1;
                String when = where + ", killed at " + deed + " " + nth;
                Path left = home.resolve("left");
                Path leftElsewhere = home.resolve("left elsewhere");
                copy(home, left);
                copy(elsewhere, leftElsewhere);
                requireMail(oldKey(), when + ", the old key");
                if (opens(newKey())) {
                    restore(left, home);
                    restore(leftElsewhere, elsewhere);
                    requireMail(newKey(), when + ", the new key");
                }
                restore(left, home);
                restore(leftElsewhere, elsewhere);
                assertEquals(0, rekey(), when + ": " + out.toString(UTF_8));
                delete(left);
                delete(leftElsewhere);
                assertEquals(List.of(newChain()), chains(), when);
                requireMail(newKey(), when + ", done again");
                assertEquals(List.of(newChain()), chains(), when);
            }
            assertTrue(isDone, deed + ": it never got through");
        }
        assertTrue(kills >= 8, kills + " kills");
    }

    @Test
    void whileTheRelayRunsItGoesOnInTheSameFileAndPanicFindsIt() throws Exception {
        String[] serve = {
            "serve", "--tor=none", "--listen=127.0.0.1:0", "--data=" + home.resolve("data"), "--key-file=" + oldKey()
        };
        try (Program relay = Program.start(home.resolve("errors"), serve)) {
            relay.awaitLine("ready", 60);
            if (isOtherFileSystem()) {
                // A copy would hold a link that the relay does not forget.
                elsewhere = Files.createTempDirectory(MEMORY, "rekey");
                assertEquals(2, rekey());
                assertTrue(out.toString(UTF_8).contains("stop the relay and run this once more"), out.toString(UTF_8));
                assertEquals(List.of(oldChain()), chains());
                delete(elsewhere);
                elsewhere = home.resolve("new");
            }
            assertEquals(0, rekey(), out.toString(UTF_8));
            assertEquals(List.of(newChain()), chains());
            String[] panic = {"panic", "--yes", "--data=" + home.resolve("data"), "--key-file=" + oldKey()};
            assertEquals(0, run(InputStream.nullInputStream(), panic), out.toString(UTF_8));
            relay.awaitExit(20);
            assertEquals(List.of(), chains());
        }
    }

    @Test
    void anotherRelaysFileIsNeitherMovedNorWrittenOver() throws IOException {
        Files.createDirectories(elsewhere);
        Path other = Files.createDirectories(home.resolve("other"));
        TestRelay.startIn(other, InstantSource.system()).stop();
        Files.copy(other.resolve("key.ratchet"), newChain(), StandardCopyOption.COPY_ATTRIBUTES);
        byte[] theirs = Files.readAllBytes(newChain());
        assertEquals(2, rekey());
        assertTrue(out.toString(UTF_8).contains("is another relay's: name another new key file"), out.toString(UTF_8));
        assertFalse(Files.exists(newKey()), "nothing was touched");
        requireMail(oldKey(), "refused");
        assertArrayEquals(theirs, Files.readAllBytes(newChain()));

        // Nor where the key file is two relays' own.
        restore(kept, home);
        Unusable refused = assertThrows(
                Unusable.class,
                () -> TestRelay.startIn(home, InstantSource.system(), "--data=" + home.resolve("second")));
        assertTrue(refused.sentence().contains("--ratchet-file is another relay's"), refused::sentence);
        requireMail(oldKey(), "the first");
    }

    /** A link that stayed would open, with the master key, what copies of the database hold for as long as it lies there. */
    @Test
    void whatStayedBehindWhenAPlaceWasNamedIsDestroyed() throws IOException {
        Path named = home.resolve("named");
        Files.copy(oldChain(), named, StandardCopyOption.COPY_ATTRIBUTES);
        TestRelay copied = TestRelay.startIn(home, InstantSource.system(), "--ratchet-file=" + named);
        String events = new RawHttp(copied.address())
                .request("GET", "/events")
                .token(ben)
                .send()
                .body();
        copied.stop();
        assertTrue(events.contains("it waited"), events);
        assertFalse(Files.exists(oldChain()), "a copy");
        assertTrue(Files.exists(named));

        restore(kept, home);
        Path other = Files.createDirectories(home.resolve("other"));
        TestRelay.startIn(other, InstantSource.system()).stop();
        Path anothers = other.resolve("key.ratchet");
        byte[] theirs = Files.readAllBytes(anothers);
        TestRelay.startIn(home, InstantSource.system(), "--ratchet-file=" + named, "--restored=on")
                .stop();
        assertFalse(Files.exists(oldChain()), "the chain before");
        assertTrue(Files.exists(named));
        assertArrayEquals(theirs, Files.readAllBytes(anothers));
    }

    /** Two relays of one user, each asked for its key. */
    @Test
    void aTypedKeysChainBelongsToItsDataDirectory() throws IOException {
        Path user = Files.createDirectories(home.resolve("user"));
        Path one = user.resolve("one");
        Path two = user.resolve("two");
        typed(one, user, 1);
        typed(two, user, 2);
        typed(one, user, 1);
        assertTrue(Files.exists(user.resolve("one.ratchet")));
        assertTrue(Files.exists(user.resolve("two.ratchet")));
        assertFalse(Files.exists(user.resolve(".config")));
    }

    /** Before, all of them had theirs in one place: whose it is keeps it, and nobody else takes it. */
    @Test
    void aTypedKeysChainIsFoundWhereItWasBefore() throws IOException {
        Path user = Files.createDirectories(home.resolve("user"));
        Path before =
                Files.createDirectories(user.resolve(".config/handshaker")).resolve("master.key.ratchet");
        byte[] key = KeyFile.read(oldKey());
        Files.move(oldChain(), before);
        typed(user.resolve("two"), user, 2);
        typedMail(user, key);
        assertFalse(Files.exists(home.resolve("data.ratchet")));
        // And rekey brings it along from there.
        String typed = HexFormat.of().formatHex(key) + "\n";
        Path home0 = Path.of(System.getProperty("user.home"));
        System.setProperty("user.home", user.toString());
        try {
            assertEquals(
                    0,
                    run(new ByteArrayInputStream(typed.getBytes(UTF_8)), rekey("--key-file=-")),
                    out.toString(UTF_8));
        } finally {
            System.setProperty("user.home", home0.toString());
        }
        assertFalse(Files.exists(before));
        typedMail(user, key);
        requireMail(newKey(), "the file");
        assertTrue(Files.exists(newChain()));
    }

    private void typedMail(Path user, byte[] key) {
        Relay relay = typedRelay(home.resolve("data"), user, key);
        String events = new RawHttp(relay.start())
                .request("GET", "/events")
                .token(ben)
                .send()
                .body();
        relay.close();
        assertTrue(events.contains("it waited"), events);
    }

    private static void typed(Path data, Path user, int number) {
        byte[] key = new byte[32];
        key[0] = (byte) number;
        Relay relay = typedRelay(data, user, key);
        relay.start();
        relay.close();
    }

    private static Relay typedRelay(Path data, Path user, byte[] key) {
        Map<Setting, String> settings = new EnumMap<>(Setting.class);
        settings.put(Setting.LISTEN, "127.0.0.1:0");
        settings.put(Setting.DATA, data.toString());
        settings.put(Setting.KEY_FILE, "-");
        settings.put(Setting.TOR, "none");
        settings.put(Setting.PUZZLE, "off");
        PrintStream nobody = new PrintStream(new ByteArrayOutputStream(), true, UTF_8);
        return new Relay(new Config(settings, user), InstantSource.system(), new Announcer(nobody, nobody), key::clone);
    }

    private int killedAt(String deed, int nth) throws Exception {
        List<String> strace = new ArrayList<>(List.of("strace", "-f", "-qq", "-o", "/dev/null"));
        Path places = home.resolve("data/ratchet.places");
        for (Path file : List.of(
                home.resolve("data/store.key"),
                places,
                part(places),
                newKey(),
                part(newKey()),
                oldChain(),
                newChain())) {
            strace.addAll(List.of("-P", file.toString()));
        }
        strace.addAll(List.of("-P", part(newChain()).toString()));
        strace.addAll(List.of("-e", "trace=" + deed, "-e", "inject=" + deed + ":signal=KILL:when=" + nth));
        try (Program rekey = Program.startIn(strace, home.resolve("errors"), rekey(new String[0]))) {
            return rekey.awaitExit(60);
        }
    }

    private boolean opens(Path keyFile) {
        try {
            StoreKey.read(home.resolve("data"), KeyFile.read(keyFile));
            return true;
        } catch (Unusable notYet) {
            return false;
        }
    }

    /** Every file that may hold a link. */
    private List<Path> chains() throws IOException {
        List<Path> chains = new ArrayList<>();
        for (Path where : List.of(home, elsewhere)) {
            if (Files.exists(where)) {
                try (Stream<Path> files = Files.walk(where)) {
                    files.filter(file -> file.getFileName().toString().contains(".ratchet"))
                            .forEach(chains::add);
                }
            }
        }
        return chains.stream().distinct().toList();
    }

    private boolean isOtherFileSystem() throws IOException {
        return Files.isWritable(MEMORY)
                && !Files.getFileStore(MEMORY).equals(Files.getFileStore(home))
                && !Files.getAttribute(MEMORY, "unix:dev").equals(Files.getAttribute(home, "unix:dev"));
    }

    private static Path part(Path file) {
        return file.resolveSibling(file.getFileName() + ".part");
    }

    private static void restore(Path from, Path to) throws IOException {
        try (Stream<Path> there = Files.exists(to) ? Files.list(to) : Stream.empty()) {
            for (Path file : there.toList()) {
                if (!file.getFileName().toString().startsWith("left")) {
                    delete(file);
                }
            }
        }
        copy(from, to);
    }

    /** With modes, and without what the relay makes anew. */
    private static void copy(Path from, Path to) throws IOException {
        if (!Files.exists(from)) {
            return;
        }
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path name = from.relativize(file);
                if (name.startsWith("left") || name.startsWith("left elsewhere") || name.startsWith("data/reserve")) {
                    continue;
                }
                Path target = to.resolve(name.toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
    }

    private static void delete(Path tree) throws IOException {
        if (Files.exists(tree)) {
            try (Stream<Path> files = Files.walk(tree)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
