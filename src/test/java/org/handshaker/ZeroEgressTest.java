// SPDX-License-Identifier: MIT
package org.handshaker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.handshaker.support.SealedRun;
import org.handshaker.support.SystemCalls;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nothing leaves but through Tor: everything works where there is no network but loopback, and of what the relay, its tor and
 * a client ask of the system nothing is for another machine, and nothing is a name.
 */
@Tag("tor")
final class ZeroEgressTest {
    @TempDir
    Path directory;

    @BeforeEach
    void needNamespacesAndATracer() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/strace")), "strace counts the calls: install it");
        assumeTrue(exitOf(30, sealed("true")) == 0, "user namespaces are not allowed here");
    }

    @Test
    void strangersMeetThroughTheOnionWhereThereIsNoNetworkButLoopback() throws Exception {
        int status = exitOf(
                400,
                sealed(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SealedRun.class.getName(),
                        directory.toString()));
        assertEquals(0, status, said());
        assertTrue(said().strip().endsWith(SealedRun.DONE), said());

        for (String program : List.of("relay", "demo")) {
            SystemCalls calls = SystemCalls.read(directory.resolve(program + ".trace"));
            assertTrue(calls.localConnections() > 0, "the trace of the " + program + " has seen it connect");
            assertEquals(List.of(), calls.leavingTheMachine(), program);
            assertEquals(List.of(), calls.lookUps(), program);
        }
    }

    /** Otherwise an empty trace would prove as much. */
    @Test
    void aLookUpWouldBeSeen() throws Exception {
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
        List<String> all = new ArrayList<>(SealedRun.sealing());
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

    private String said() throws IOException {
        String all = Files.readString(directory.resolve("said"), UTF_8);
        assertFalse(all.isEmpty(), "it has said nothing");
        return all;
    }
}
