// SPDX-License-Identifier: MIT
package org.handshaker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.handshaker.core.Setting;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/** The command line where it ends by itself: help, versions, and every reason not to start. */
class MainTest {
    @TempDir
    private Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private Path data;
    private Path key;

    @BeforeEach
    void placeFiles() {
        data = directory.resolve("data");
        key = directory.resolve("key");
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void theHelpNamesEverySettingWithItsDefaultAndBounds(Setting setting) {
        assertEquals(0, run("serve", "--help"));
        // Lines are broken where the terminal ends.
        String help = out.toString(UTF_8).replaceAll("\\s+", "");
        assertTrue(help.contains("--" + setting.key() + "=VALUE"), "option");
        String fallback = setting.fallback().isEmpty() ? "not set" : setting.fallback();
        for (String words : List.of(
                setting.meaning() + ".",
                "Takes: " + setting.takes() + ".",
                "Default: " + fallback,
                "[" + setting.variable() + "]")) {
            assertTrue(help.contains(words.replaceAll("\\s+", "")), words);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "status",
                "registration",
                "puzzle",
                "suspend",
                "unsuspend",
                "delete",
                "announce",
                "drain",
                "panic"
            })
    void theHelpTellsWhatEachOfTheOperatorsCommandsDoes(String command) {
        assertEquals(0, run("admin", "--help"));
        assertTrue(out.toString(UTF_8).contains("\n  " + command + " "), out.toString(UTF_8));
        out.reset();
        assertEquals(0, run("admin", command, "--help"));
        assertTrue(out.toString(UTF_8).contains("--admin=VALUE"), out.toString(UTF_8));
    }

    /** Every command, the ones of {@code onion}, {@code clients} and {@code admin} included. */
    static Stream<CommandLine> commands() {
        return below(new CommandLine(Commands.root()));
    }

    private static Stream<CommandLine> below(CommandLine command) {
        return Stream.concat(
                Stream.of(command), command.getSubcommands().values().stream().flatMap(MainTest::below));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandSaysWhatItDoesAndWhatItTakes(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        String name = spec.qualifiedName();
        assertTrue(String.join(" ", spec.usageMessage().description()).matches("(?s)[A-Z].{20,}"), name);
        for (ArgSpec argument : spec.args()) {
            String meaning = String.join(" ", argument.description());
            assertTrue(meaning.length() > 8, name + ": " + argument.paramLabel());
        }
        // And in the list of what is above it there is a line for it.
        String[] words = (name + " --help").substring("handshaker ".length()).split(" ");
        assertEquals(0, run(words), err.toString(UTF_8));
        assertTrue(out.toString(UTF_8).startsWith("Usage: " + name), out.toString(UTF_8));
    }

    /** What nobody tries goes stale. */
    @ParameterizedTest
    @MethodSource("commands")
    void theExamplesOfTheHelpAreCommandsThatThereAre(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        for (String line : spec.usageMessage().footer()) {
            if (!line.startsWith("  ")) {
                continue;
            }
            int start = line.indexOf("handshaker ");
            String words = line.substring(start + "handshaker ".length());
            // Parsed in the whole tree, as it would be typed; a mistake is thrown.
            new CommandLine(Commands.root()).parseArgs(words.split(" "));
            assertTrue(line.substring(start).startsWith(spec.qualifiedName()), line);
        }
    }

    @Test
    void helpIsACommandToo() {
        assertEquals(0, run("help"));
        assertTrue(out.toString(UTF_8).contains("handshaker serve --help"), out.toString(UTF_8));
        out.reset();
        assertEquals(0, run("help", "clients"));
        assertTrue(out.toString(UTF_8).startsWith("Usage: handshaker clients"), out.toString(UTF_8));
    }

    @Test
    void theVersionIsOneLine() {
        for (String[] arguments : new String[][] {{"--version"}, {"serve", "--version"}, {"demo", "--version"}}) {
            out.reset();
            assertEquals(0, run(arguments));
            assertTrue(out.toString(UTF_8).matches("handshaker \\d+\\.\\d+\\S*\\R"), out.toString(UTF_8));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "serv",
                "serve --unknown=1",
                "serve extra",
                "serve --data",
                "serve --data=a --data=b",
                "--listen=127.0.0.1:0"
            })
    void aCommandThatIsNoneIsOneSentence(String line) {
        assertUnusable(line.isEmpty() ? new String[0] : line.split(" "));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--listen=nowhere",
                "--listen=0.0.0.0:0",
                "--local=0.0.0.0:0",
                "--expose=yes",
                "--data=",
                "--data=/proc/none/of/this",
                "--key-file=",
                "--key-file=/proc/none/of/this",
                "--key-file=/",
                "--tor=maybe",
                "--tor-control=nowhere",
                "--onion=short.onion",
                "--registration=maybe",
                "--password-min=3",
                "--argon2=m=1",
                "--argon2=m=1023,t=1,p=1",
                "--argon2=m=1048577,t=1,p=1",
                "--argon2=m=1024,t=0,p=1",
                "--argon2=m=1024,t=17,p=1",
                "--argon2=m=1024,t=1,p=9",
                "--argon2=m=99999999999,t=1,p=1",
                "--argon2=m=1024,t=1,p=1,x=1",
                "--argon2=",
                "--access-ttl=1s",
                "--refresh-ttl=1s",
                "--linger=1h",
                "--signal-ttl=0s",
                "--event-ttl=1y",
                "--padding=maybe",
                "--puzzle=maybe",
                "--limits=maybe",
                "--turn-url=turn:turn.example?transport=udp",
                "--turn-secret-file=/nowhere/secret",
                "--stun-url=stun:",
                "--stun-url=stun:::",
                "--cors-origins=*",
                "--admin=127.0.0.1:0",
                "--restored=maybe",
                "--config=/nowhere/settings"
            })
    void aBadValueIsOneSentenceThatNamesItsOption(String option) {
        String sentence = assertUnusable(serve(option));
        assertTrue(sentence.contains(option.substring(0, option.indexOf('='))), sentence);
    }

    /** What is written there is nowhere, and what waits could be read by nobody after the next start. */
    @Test
    void aRatchetFileThatIsNoneIsOneSentence() throws Exception {
        Path pipe = key.resolveSibling("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        for (String none : List.of("/dev/null", pipe.toString())) {
            String sentence = assertTimeoutPreemptively(
                    Duration.ofSeconds(60), () -> assertUnusable(serve("--ratchet-file=" + none)));
            assertTrue(sentence.contains("--ratchet-file"), sentence);
        }
    }

    @Test
    void aTakenPortIsOneSentence() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String sentence = assertUnusable(serve("--listen=127.0.0.1:" + taken.getLocalPort()));
            assertTrue(sentence.contains("127.0.0.1:" + taken.getLocalPort()), sentence);
        }
        // And what was opened for it is closed: the next try finds the directory free.
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertUnusable(serve("--listen=127.0.0.1:" + taken.getLocalPort()));
        }
    }

    @Test
    void aKeyFileThatIsNoneOrOpenToOthersIsOneSentence() throws IOException {
        Files.write(key, new byte[31], java.nio.file.StandardOpenOption.CREATE);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        assertTrue(assertUnusable(serve()).contains("exactly 32 bytes"));
        Files.write(key, new byte[32]);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        assertTrue(assertUnusable(serve()).contains("chmod 600"));
    }

    @Test
    void theKeyOfAnotherDatabaseIsOneSentenceAndHarmsNothing() throws IOException {
        Path made = databaseOfAnotherRelay();
        Path wrong = directory.resolve("wrong");
        Files.createFile(wrong, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(wrong, new byte[32]);
        String sentence =
                assertUnusable("serve", "--tor=none", "--data=" + made.resolve("data"), "--key-file=" + wrong);
        assertTrue(sentence.contains("--key-file"), sentence);
        TestRelay.startIn(made, InstantSource.system()).close();
    }

    @Test
    void aDatabaseWithoutItsKeyIsOneSentenceAndGetsNoNewOne() {
        Path made = databaseOfAnotherRelay();
        String sentence = assertUnusable("serve", "--tor=none", "--data=" + made.resolve("data"), "--key-file=" + key);
        assertTrue(sentence.contains("--key-file"), sentence);
        assertFalse(Files.exists(key));
    }

    @Test
    void aDatabaseOfANewerRelayIsOneSentence() throws SQLException {
        Path made = databaseOfAnotherRelay();
        try (Connection database = DriverManager.getConnection("jdbc:sqlite:" + made.resolve("data/handshaker.db"))) {
            database.createStatement().execute("PRAGMA user_version = 9999");
        }
        String sentence = assertUnusable(
                "serve", "--tor=none", "--data=" + made.resolve("data"), "--key-file=" + made.resolve("key"));
        assertTrue(sentence.contains("newer relay"), sentence);
    }

    @Test
    void aFileThatIsNoDatabaseIsOneSentence() throws IOException {
        Files.createDirectories(data);
        assertEquals(
                java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"),
                Files.getPosixFilePermissions(Files.write(
                        Files.createFile(
                                key,
                                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))),
                        new byte[32])));
        Files.writeString(data.resolve("handshaker.db"), "not a database, however long this text may be. ".repeat(50));
        assertTrue(assertUnusable(serve()).contains("database"));
    }

    @Test
    void aSecondRelayOnOneDirectoryIsOneSentence() {
        try (TestRelay first = TestRelay.start()) {
            String sentence = assertUnusable(
                    "serve",
                    "--tor=none",
                    "--listen=127.0.0.1:0",
                    "--data=" + first.directory().resolve("data"),
                    "--key-file=" + first.directory().resolve("key"));
            assertEquals("Another relay uses this data directory.", sentence);
        }
    }

    /** One sentence on standard error, nothing on standard output, status 2. */
    private String assertUnusable(String... arguments) {
        out.reset();
        err.reset();
        int status = assertTimeoutPreemptively(
                Duration.ofSeconds(30), () -> run(arguments), () -> "it serves: " + err.toString(UTF_8));
        String said = err.toString(UTF_8).strip();
        assertEquals(2, status, said);
        assertEquals("", out.toString(UTF_8));
        List<String> lines = said.lines()
                .filter(line -> !line.startsWith("A new master key "))
                .toList();
        assertEquals(1, lines.size(), said);
        assertTrue(lines.get(0).matches(".*[.?]"), said);
        return lines.get(0);
    }

    private Path databaseOfAnotherRelay() {
        TestRelay other = TestRelay.start();
        other.stop();
        return other.directory();
    }

    private String[] serve(String... options) {
        List<String> arguments = new ArrayList<>(List.of("serve"));
        List<String> names = Arrays.stream(options)
                .map(option -> option.substring(0, option.indexOf('=')))
                .toList();
        for (String standard : List.of("--listen=127.0.0.1:0", "--tor=none", "--data=" + data, "--key-file=" + key)) {
            if (!names.contains(standard.substring(0, standard.indexOf('=')))) {
                arguments.add(standard);
            }
        }
        arguments.addAll(List.of(options));
        return arguments.toArray(String[]::new);
    }

    private int run(String... arguments) {
        return Main.run(
                arguments,
                InputStream.nullInputStream(),
                new PrintStream(out, true, UTF_8),
                new PrintStream(err, true, UTF_8));
    }
}
