// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.handshaker.support.Await;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An operator's torrc that forgot to export circuit ids, as the relay's first connection shows. */
final class UnnamedCircuitsTest {
    private static final String REQUEST = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    private static final String LINE = "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\r\n";
    private static final int SECONDS_MAX = 10;

    @TempDir
    Path directory;

    private Path socket;
    private TestRelay relay;

    @BeforeEach
    void start() {
        socket = directory.resolve("relay.sock");
        relay = TestRelay.startIn(
                directory,
                java.time.InstantSource.system(),
                "--tor=torrc",
                "--limits=on",
                "--listen=unix:" + socket,
                "--local=127.0.0.1:0");
    }

    @AfterEach
    void stop() {
        relay.stop();
    }

    @Test
    void theFirstConnectionWithoutTorsLineStopsTheListenerWithASentence() throws IOException {
        assertEquals("", say(REQUEST));
        Await.until("the sentence", SECONDS_MAX, () -> relay.said().contains("HiddenServiceExportCircuitID haproxy"));
        assertFalse(Files.exists(socket), "nobody gets in any more");
        assertEquals("degraded", localHealth());
    }

    @Test
    void aConnectionThatSaysNothingShowsNothing() throws IOException {
        assertEquals("", say(""));
        assertTrue(say(LINE + REQUEST).startsWith("HTTP/1.1 200 "));
    }

    @Test
    void afterOneGoodLineABadOneIsClosedAndNothingElse() throws IOException {
        assertTrue(say(LINE + REQUEST).startsWith("HTTP/1.1 200 "));
        for (int i = 0; i < 3; i++) {
            assertEquals("", say(REQUEST));
        }
        assertTrue(say(LINE + REQUEST).startsWith("HTTP/1.1 200 "));
        assertEquals("ok", localHealth());
    }

    private String localHealth() {
        String url = relay.said()
                .lines()
                .filter(line -> line.startsWith("Also, for this machine alone: "))
                .findFirst()
                .orElseThrow()
                .replace("Also, for this machine alone: ", "");
        String body = new RawHttp(url).request("GET", "/health").send().body();
        return body.replaceAll(".*\"status\":\"([a-z]+)\".*", "$1").strip();
    }

    private String say(String text) throws IOException {
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
