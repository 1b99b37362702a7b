// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.handshaker.admin.OperatorToken;
import org.handshaker.support.Program;
import org.handshaker.support.RawHttp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The relay as a program of its own: what it prints, how it ends, what lies on the disk afterwards. */
class ServeTest {
    @TempDir
    private Path directory;

    @Test
    void saysOneLineServesAndEndsWhenAsked() throws IOException {
        Path admin = directory.resolve("admin.sock");
        try (Program relay = start("--listen=127.0.0.1:0", "--admin=unix:" + admin)) {
            String ready = relay.awaitLine("ready ", 60);
            assertTrue(ready.matches("ready http://127\\.0\\.0\\.1:\\d+"), ready);
            RawHttp http = new RawHttp(ready.substring("ready ".length()));
            assertEquals(
                    "{\"status\":\"ok\"}",
                    http.request("GET", "/health").send().body().strip());
            http.signUp("alice");

            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(admin)));
            assertTrue(Files.exists(OperatorToken.fileOf(admin)));

            second(ready);

            relay.terminate();
            assertEquals(0, relay.awaitExit(5));
            assertEquals(List.of(ready), relay.said());
            assertFalse(Files.exists(admin), "the operator's socket is removed");
            assertFalse(Files.exists(OperatorToken.fileOf(admin)), "and its token");
            assertFalse(relay.errors().contains("Exception"), relay.errors());
            assertFalse(relay.errors().contains("alice"), relay.errors());
        }
    }

    /** Another one on the same directory, and another one on the same port, end at once and leave the first alone. */
    private void second(String ready) throws IOException {
        try (Program same = start("--listen=127.0.0.1:0")) {
            assertEquals(2, same.awaitExit(60));
            assertEquals(List.of(), same.said());
        }
        String port = ready.substring(ready.lastIndexOf(':'));
        try (Program taken = Program.start(
                directory.resolve("taken.err"),
                "serve",
                "--tor=none",
                "--listen=127.0.0.1" + port,
                "--data=" + directory.resolve("other"),
                "--key-file=" + directory.resolve("other.key"))) {
            assertEquals(2, taken.awaitExit(60));
            assertEquals(List.of(), taken.said());
            assertEquals(
                    "It cannot listen on 127.0.0.1" + port + ": is another program there?",
                    taken.errors().lines().reduce((first, last) -> last).orElse(""));
        }
    }

    @Test
    void aSocketFileLeftBehindIsReplacedAndOneInUseIsNot() throws IOException {
        Path socket = directory.resolve("relay.sock");
        try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(socket));
        }
        try (Program relay = start("--listen=unix:" + socket)) {
            assertEquals("ready unix:" + socket, relay.awaitLine("ready ", 60));
            try (Program second = Program.start(
                    directory.resolve("second.err"),
                    "serve",
                    "--tor=none",
                    "--listen=unix:" + socket,
                    "--data=" + directory.resolve("other"),
                    "--key-file=" + directory.resolve("other.key"))) {
                assertEquals(2, second.awaitExit(60));
                assertTrue(second.errors().contains("another program does."), second.errors());
            }
            String health = over(socket, "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            assertTrue(health.startsWith("HTTP/1.1 200"), health);
            relay.terminate();
            assertEquals(0, relay.awaitExit(5));
            assertFalse(Files.exists(socket));
        }
    }

    private Program start(String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "serve",
                "--tor=none",
                "--argon2=m=1024,t=1,p=1",
                "--data=" + directory.resolve("data"),
                "--key-file=" + directory.resolve("key")));
        arguments.addAll(List.of(options));
        return Program.start(Files.createTempFile(directory, "relay", ".err"), arguments.toArray(String[]::new));
    }

    private static String over(Path socket, String request) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer answer = ByteBuffer.allocate(16_384);
            while (answer.hasRemaining() && channel.read(answer) >= 0) {
                Thread.onSpinWait();
            }
            return new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8);
        }
    }
}
