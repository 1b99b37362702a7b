// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What operators copy: each file is shown to the program that will read it. */
@Timeout(60)
class ShippedFilesTest {
    private static final Path TORRC = Path.of("torrc.example");
    private static final Path UNIT = Path.of("scripts/handshaker.service");
    private static final Path RUN = Path.of("scripts/run");
    private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

    @Test
    void torTakesTheExampleAsItStands(@TempDir Path directory) throws Exception {
        assertTorTakes(directory, Files.readString(TORRC));
    }

    @Test
    void torTakesTheOnionOfTheTurnServer(@TempDir Path directory) throws Exception {
        Matcher block = Pattern.compile("```\n(HiddenServiceDir.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("coturn/README.md")));

        assertTrue(block.find());
        assertFalse(block.group(1).contains("ExportCircuitID"), "coturn does not understand tor's PROXY line");
        assertTorTakes(directory, Files.readString(TORRC) + block.group(1));
    }

    @Test
    void theExampleReachesTheRelayOverAUnixSocketAndNamesCircuits() throws IOException {
        Set<String> lines = new TreeSet<>(settings(TORRC));

        assertTrue(lines.contains("HiddenServicePort 80 unix:/run/handshaker/relay.sock"), lines.toString());
        assertTrue(lines.contains("HiddenServiceExportCircuitID haproxy"), lines.toString());
        assertTrue(lines.contains("HiddenServicePoWDefensesEnabled 1"), lines.toString());
        assertTrue(lines.contains("HiddenServiceEnableIntroDoSDefense 1"), lines.toString());
        assertTrue(lines.contains("SafeLogging 1"), lines.toString());
        assertTrue(lines.stream().noneMatch(line -> line.contains("SingleHop")), lines.toString());
    }

    @Test
    void systemdFindsNoFaultInTheUnit(@TempDir Path directory) throws Exception {
        assumeSystemd();
        Path unit = directory.resolve("handshaker.service");
        Files.writeString(unit, Files.readString(UNIT).replace("/usr/bin/java", JAVA.toString()));
        Outcome verified = run("systemd-analyze", "verify", unit.toString());

        assertEquals(0, verified.status, verified.output);
        // It speaks of every unit it reads on the way; only what it says about ours counts.
        assertFalse(verified.output.contains("handshaker.service:"), verified.output);
    }

    @Test
    void systemdFindsLittleThatTheUnitLeavesOpen() throws Exception {
        assumeSystemd();
        Outcome score = run("systemd-analyze", "security", "--offline=true", "--threshold=10", UNIT.toString());

        assertEquals(0, score.status, score.output);
        assertTrue(score.output.contains("exposure level for handshaker.service: 0."), score.output);
    }

    @Test
    void theUnitAndTheLauncherTellACrashNothing() throws IOException {
        Set<String> flags = jvmFlags(RUN);

        assertEquals(flags, jvmFlags(UNIT));
        assertTrue(flags.containsAll(Set.of(
                "-XX:-UsePerfData",
                "-XX:ErrorFile=/dev/null",
                "-XX:-HeapDumpOnOutOfMemoryError",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:+DisableAttachMechanism")));
        assertTrue(Files.readString(RUN).contains("ulimit -c 0"));
        assertTrue(settings(UNIT).contains("LimitCORE=0"));
    }

    @Test
    void theJvmKnowsEveryFlag() throws Exception {
        List<String> command = new ArrayList<>();
        command.add(JAVA.toString());
        command.addAll(jvmFlags(RUN));
        command.add("-version");
        Outcome outcome = run(command.toArray(String[]::new));

        assertEquals(0, outcome.status, outcome.output);
        assertFalse(outcome.output.contains("warning"), outcome.output);
    }

    @ParameterizedTest
    @ValueSource(strings = {"scripts/run", "scripts/test", "scripts/bench", "scripts/setup", "coturn/start", ".ci/run"})
    void theShellTakesEveryScript(String script) throws Exception {
        Outcome parsed = run("bash", "-n", script);

        assertEquals(0, parsed.status, parsed.output);
        assertTrue(script.equals("scripts/setup") || Files.isExecutable(Path.of(script)), script);
    }

    @Test
    void everyLibraryWeShipIsInTheNotices() throws IOException {
        String notices = Files.readString(Path.of("docs/third-party-notices.md"));
        Matcher dependency = Pattern.compile("<dependency>(.*?)</dependency>", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("pom.xml"))
                        .replaceAll("(?s)<dependencyManagement>.*?</dependencyManagement>|<build>.*", ""));
        int shipped = 0;
        while (dependency.find()) {
            if (!dependency.group(1).contains("<scope>test</scope>")) {
                String artifact = dependency.group(1).replaceAll("(?s).*<artifactId>(.*?)</artifactId>.*", "$1");
                String family = artifact.startsWith("jetty-websocket-") ? "jetty-websocket-*" : artifact;
                assertTrue(notices.contains("`" + family + "`"), artifact);
                shipped++;
            }
        }

        assertTrue(shipped > 10, "the pattern no longer finds the dependencies");
    }

    private static void assertTorTakes(Path directory, String torrc) throws Exception {
        Path file = Files.writeString(directory.resolve("torrc"), torrc.replace("/var/lib/tor/", directory + "/"));
        Outcome outcome = run(
                "tor",
                "--defaults-torrc",
                "/dev/null",
                "--DataDirectory",
                directory.resolve("data").toString(),
                "--verify-config",
                "-f",
                file.toString());

        assertEquals(0, outcome.status, outcome.output);
        assertTrue(outcome.output.contains("Configuration was valid"), outcome.output);
    }

    private static void assumeSystemd() {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/systemd-analyze")), "systemd-analyze is not here");
    }

    /** The lines that are not comments. */
    private static List<String> settings(Path file) throws IOException {
        return Files.readAllLines(file).stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .toList();
    }

    private static Set<String> jvmFlags(Path file) throws IOException {
        Set<String> flags = new TreeSet<>();
        Matcher flag = Pattern.compile("(?<=\\s)-X[a-zA-Z:+/=0-9-]+").matcher(Files.readString(file));
        while (flag.find()) {
            flags.add(flag.group());
        }
        return flags;
    }

    private static Outcome run(String... command) throws Exception {
        // env looks the program up on the path it is given, ProcessBuilder on the one we have.
        List<String> line = Stream.concat(Stream.of("env"), Stream.of(command)).toList();
        ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
        // tor lives in sbin, which is not on an ordinary user's path.
        builder.environment().merge("PATH", ":/usr/sbin:/sbin", String::concat);
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(30, TimeUnit.SECONDS), line + " does not end");
        return new Outcome(process.exitValue(), output);
    }

    private record Outcome(int status, String output) {}
}
