// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Clients that do not do what clients do: they go on after the close, or never read. */
class ClosedSocketTest {
    private TestRelay relay;
    private RawHttp http;
    private String ann;
    private String ben;

    @BeforeEach
    void connectAnnAndBen() {
        relay = TestRelay.start("--linger=0s");
        http = new RawHttp(relay.address());
        ann = http.signUp("ann");
        ben = http.signUp("ben");
        post("/connections/request", ann, "{\"to_user\":\"ben\"}");
        post("/connections/request", ben, "{\"to_user\":\"ann\"}");
    }

    @AfterEach
    void stop() {
        relay.close();
    }

    @Test
    void aSocketWhoseSessionWasRevokedSendsAndAcksNothingMoreEvenIfItStaysOpen() throws IOException {
        try (Socket thief = socket(ann, 65_536)) {
            thief.setSoTimeout(20_000);
            post("/auth/logout", ann, "{}");
            frame(thief, "{\"type\":\"ack\",\"up_to\":9223372036854775807}");
            frame(
                    thief,
                    "{\"type\":\"send\",\"id\":\"1\",\"to_user\":\"ben\",\"kind\":\"message\",\"payload\":\"forged\"}");
            byte[] all = thief.getInputStream().readAllBytes();
            assertTrue(new String(all, StandardCharsets.ISO_8859_1).contains("revoked"));
        }
        assertFalse(get("/events", ben).body().contains("forged"));
        String again = post("/auth/login", null, "{\"username\":\"ann\",\"password\":\"" + RawHttp.PASSWORD + "\"}")
                .body()
                .replaceFirst("(?s).*\"access_token\":\"([^\"]+)\".*", "$1");
        assertTrue(get("/events", again).body().contains("connection.accepted"));
    }

    @Test
    void aPollWhoseSessionEndsWhileItWaitsGetsNothingThatCameSince() {
        post("/events/ack", ann, "{\"up_to\":9223372036854775807}");
        CompletableFuture<RawHttp.Answer> poll = CompletableFuture.supplyAsync(() -> get("/events?wait=20", ann));
        post("/auth/logout", ann, "{}");
        post("/events", ben, "{\"to_user\":\"ann\",\"kind\":\"message\",\"payload\":\"for ann\"}");
        assertEquals(401, poll.join().status());
    }

    @Test
    void whoAcksWithoutReadingIsCutOffBeforeItsFramesFillTheMemory() throws IOException {
        try (Socket blind = socket(ann, 1_024)) {
            String payload = "\\u0001".repeat(65_536);
            boolean[] cut = new boolean[1];
            for (int i = 0; i < 60 && !cut[0]; i++) {
                post("/events", ben, "{\"to_user\":\"ann\",\"kind\":\"message\",\"payload\":\"" + payload + "\"}");
                try {
                    frame(blind, "{\"type\":\"ack\",\"up_to\":9223372036854775807}");
                } catch (IOException reset) {
                    cut[0] = true;
                }
            }
            assertTrue(cut[0], "29 MB were taken for somebody who reads nothing");
        }
    }

    @Test
    void theLongestEventReachesASocketHoweverMuchOfItJsonEscapes() throws IOException {
        String payload = "\\u0001".repeat(65_536);
        post("/events", ben, "{\"to_user\":\"ann\",\"kind\":\"message\",\"payload\":\"" + payload + "\"}");
        try (Socket reader = socket(ann, 65_536)) {
            reader.setSoTimeout(10_000);
            byte[] frames = reader.getInputStream().readNBytes(6 * 65_536);
            assertEquals(6 * 65_536, frames.length);
        }
    }

    private RawHttp.Answer post(String path, @Nullable String token, String json) {
        return http.request("POST", path).token(token).json(json).send();
    }

    private RawHttp.Answer get(String path, String token) {
        return http.request("GET", path).token(token).send();
    }

    private Socket socket(String token, int receiveBytes) throws IOException {
        URI address = URI.create(relay.address());
        Socket socket = new Socket();
        socket.setReceiveBufferSize(receiveBytes);
        socket.connect(new InetSocketAddress(address.getHost(), address.getPort()));
        String upgrade = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                + "Authorization: Bearer " + token + "\r\n\r\n";
        socket.getOutputStream().write(upgrade.getBytes(StandardCharsets.US_ASCII));
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).contains("\"ready\"")) {
            head.write(socket.getInputStream().read());
        }
        return socket;
    }

    /** A masked text frame whose mask is zero. */
    private static void frame(Socket socket, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(0x81);
        frame.write(0x80 | 126);
        frame.write(bytes.length >> 8);
        frame.write(bytes.length);
        frame.write(new byte[4]);
        frame.write(bytes);
        OutputStream out = socket.getOutputStream();
        out.write(frame.toByteArray());
        out.flush();
    }
}
