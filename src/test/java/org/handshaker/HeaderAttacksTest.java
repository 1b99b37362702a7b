// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.handshaker.support.Await;
import org.handshaker.support.Program;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Forged beginnings against the real program, whose system calls are counted: no look-up, no connection. */
final class HeaderAttacksTest {
    private static final String LINE = "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\r\n";
    private static final String REQUEST = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    private static final List<String> ATTACKS = List.of(
            "PROXY TCP6 localhost ::1 102 80\r\n" + REQUEST,
            "PROXY TCP4 example.org example.org 102 80\r\n" + REQUEST,
            "PROXY TCP4 192.0.2.1 192.0.2.2 102 80\r\n" + REQUEST,
            "PROXY TCP6 fc00:dead:beef:4dad::example.org ::1 102 80\r\n" + REQUEST,
            "PROXY TCP6 " + "a".repeat(10_240) + ".example.org ::1 1 1\r\n" + REQUEST,
            LINE.replace("\r\n", "\r") + REQUEST,
            LINE + LINE + REQUEST,
            REQUEST);

    @TempDir
    Path directory;

    @Test
    void makeTheRelayLookNothingUp() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/strace")), "strace counts the look-ups: install it");
        Path socket = directory.resolve("relay.sock");
        try (Program relay = Program.start(
                directory.resolve("relay.err"),
                "serve",
                "--tor=torrc",
                "--listen=unix:" + socket,
                "--data=" + directory.resolve("data"),
                "--key-file=" + directory.resolve("key"))) {
            relay.awaitLine("ready ", 60);
            assertTrue(say(socket, LINE + REQUEST).startsWith("HTTP/1.1 200 "));
            List<String> calls = traced(relay, () -> {
                for (String attack : ATTACKS) {
                    assertTrue(!say(socket, attack).startsWith("HTTP/1.1 2"), attack);
                }
                assertTrue(say(socket, LINE + REQUEST).startsWith("HTTP/1.1 200 "));
            });
            assertTrue(calls.stream().anyMatch(call -> call.contains("accept")), "the trace has seen the attacks");
            assertEquals(
                    List.of(),
                    calls.stream()
                            .filter(call -> call.contains("AF_INET")
                                    || call.contains("/etc/hosts")
                                    || call.contains("/etc/resolv.conf")
                                    || call.contains("nss"))
                            .toList());
        }
    }

    private interface Attack {
        void run() throws IOException;
    }

    /** The calls that have to do with names or other machines while {@code attack} runs. */
    private List<String> traced(Program relay, Attack attack) throws Exception {
        Path trace = directory.resolve("trace");
        Process strace = new ProcessBuilder(
                        "strace",
                        "-f",
                        "-e",
                        "trace=socket,connect,sendto,sendmsg,open,openat,accept,accept4",
                        "-o",
                        trace.toString(),
                        "-p",
                        Long.toString(relay.pid()))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("strace.out").toFile())
                .start();
        try {
            Await.until("strace", 20, () -> says("strace.out", "attached"));
            attack.run();
        } finally {
            strace.destroy();
            strace.waitFor(20, TimeUnit.SECONDS);
        }
        return Files.readAllLines(trace);
    }

    private boolean says(String file, String word) {
        try {
            return Files.readString(directory.resolve(file)).contains(word);
        } catch (IOException notYet) {
            return false;
        }
    }

    private static String say(Path socket, String text) throws IOException {
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            ByteBuffer answer = ByteBuffer.allocate(16_384);
            try {
                client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
                client.shutdownOutput();
                while (answer.hasRemaining() && client.read(answer) >= 0) {
                    Thread.onSpinWait();
                }
            } catch (IOException cutOff) {
                // Closed with bytes that nobody has read.
            }
            return new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8);
        }
    }
}
