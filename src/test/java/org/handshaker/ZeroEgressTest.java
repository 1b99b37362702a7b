// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.handshaker.support.SystemCalls;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nothing leaves but through Tor. The tests from end to end, with real tors and the real program, have run before this one where
 * there is no network but loopback (the profile {@code sealed} in the build), and of what they and every program that they started asked of the
 * system nothing is for another machine, and nothing is a name.
 */
@Tag("egress")
final class ZeroEgressTest {
    /** The tests from end to end make some four hundred; a trace with few has not seen them. */
    private static final int CONNECTIONS_MIN = 200;

    private static final List<String> SEALING =
            List.of("unshare", "-rn", "sh", "-c", "ip link set lo up && exec \"$@\"", "sealed");

    @TempDir
    Path directory;

    @Test
    void theTestsFromEndToEndHaveAskedForNoOtherMachineAndNoName() throws IOException {
        Path trace = Path.of("target", "sealed.trace");
        assumeTrue(
                Files.exists(trace),
                "the tests from end to end did not run sealed before this one: user namespaces or strace are missing, or a"
                        + " single test was asked for");
        SystemCalls calls = SystemCalls.read(trace);
        assertTrue(calls.hasOpened("/torrc"), "a tor was seen");
        assertTrue(calls.hasOpened("/handshaker.db"), "a relay was seen");
        assertTrue(calls.localConnections() > CONNECTIONS_MIN, () -> "seen: " + calls.localConnections());
        assertEquals(List.of(), calls.leavingTheMachine());
        assertEquals(List.of(), calls.lookUps());
    }

    /** Otherwise an empty trace would prove as much. */
    @Test
    void aLookUpWouldBeSeen() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/strace")), "strace counts the calls: install it");
        assumeTrue(exitOf(30, sealed("true")) == 0, "user namespaces are not allowed here");
        List<String> command = new ArrayList<>(SystemCalls.tracing(directory.resolve("trace")));
        command.addAll(List.of("getent", "ahosts", "relay.example"));
        exitOf(60, sealed(command.toArray(String[]::new)));
        // The tracer may write its last lines when the program has ended.
        org.handshaker.support.Await.until("the trace", 20, () -> hasLookUp(directory.resolve("trace")));
    }

    @Test
    void aConnectionElsewhereWouldBeSeen() throws Exception {
        Path trace = directory.resolve("trace");
        Files.writeString(
                trace,
                """
                7 connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = -1 ENETUNREACH
                7 connect(5, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1
                7 sendto(5, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("224.0.0.251")}, 16) = 1
                7 connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
                7 connect(5, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0
                7 connect(5, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::ffff:127.0.0.1", &sin6_addr), sin6_scope_id=0}, 28) = 0
                7 connect(5, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::ffff:192.0.2.1", &sin6_addr), sin6_scope_id=0}, 28) = 0
                7 connect(5, {sa_family=AF_UNIX, sun_path="/run/x.sock"}, 110) = 0
                """);
        assertEquals(4, SystemCalls.read(trace).leavingTheMachine().size());
        assertEquals(4, SystemCalls.read(trace).localConnections());
    }

    private static boolean hasLookUp(Path trace) {
        try {
            return !SystemCalls.read(trace).lookUps().isEmpty();
        } catch (IOException notYet) {
            return false;
        }
    }

    private static List<String> sealed(String... command) {
        List<String> all = new ArrayList<>(SEALING);
        all.addAll(List.of(command));
        return all;
    }

    private int exitOf(int secondsMax, List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("said").toFile())
                .start();
        try {
            assertTrue(process.waitFor(secondsMax, TimeUnit.SECONDS), () -> command + " has not ended");
            return process.exitValue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }
}
