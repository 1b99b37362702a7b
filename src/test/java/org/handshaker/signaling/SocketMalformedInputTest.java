// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Random;
import org.handshaker.core.Limits;
import org.handshaker.support.RawHttp;
import org.handshaker.support.RawSocket;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SocketMalformedInputTest {
    private static final long SEED = Long.getLong("fuzz.seed", 20_260_115L);
    private static final int ROUNDS = Integer.getInteger("fuzz.rounds", 3_000);
    /** Always answered, and last. */
    private static final String END =
            "{\"type\":\"send\",\"id\":\"end\",\"to_user\":\"@nobody_here\",\"kind\":\"message\",\"payload\":\"x\"}";

    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    private TestRelay relay;
    private RawHttp http;
    private String token;

    @BeforeAll
    void startARelayWithOneUser() {
        relay = TestRelay.start();
        http = new RawHttp(relay.address());
        token = http.signUp("walker");
    }

    @AfterAll
    void stopTheRelay() {
        relay.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "{",
                "[]",
                "null",
                "7",
                "\"ping\"",
                "{}",
                "{\"type\":7}",
                "{\"type\":null}",
                "{\"type\":\"\"}",
                "{\"type\":\"Ping\"}",
                "{\"type\":\"auth\",\"token\":\"x\"}",
                "{\"type\":\"ready\"}",
                "{\"type\":\"ping\",\"x\":1}",
                "{\"type\":\"ping\",\"type\":\"ping\"}",
                "{\"type\":\"ping\"} {}",
                "{\"type\":\"ping\"}x",
                "{\"type\":\"ping\",\"x\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}",
                "{\"type\":\"ack\"}",
                "{\"type\":\"ack\",\"up_to\":\"1\"}",
                "{\"type\":\"ack\",\"up_to\":1.5}",
                "{\"type\":\"ack\",\"up_to\":-1}",
                "{\"type\":\"ack\",\"up_to\":null}",
                "{\"type\":\"ack\",\"up_to\":9223372036854775808}",
                "{\"type\":\"ack\",\"up_to\":1,\"event_ids\":[]}",
                "{\"type\":\"ack\",\"event_ids\":\"x\"}",
                "{\"type\":\"ack\",\"event_ids\":[7]}",
                "{\"type\":\"ack\",\"event_ids\":[null]}",
                "{\"type\":\"send\"}",
                "{\"type\":\"send\",\"to_user\":\"@nobody_here\",\"kind\":\"message\",\"payload\":\"x\"}",
                "{\"type\":\"send\",\"id\":7,\"to_user\":\"@nobody_here\",\"kind\":\"message\",\"payload\":\"x\"}",
                "{\"type\":\"send\",\"id\":\"\",\"to_user\":\"@nobody_here\",\"kind\":\"message\",\"payload\":\"x\"}",
                "{\"type\":\"send\",\"id\":\"a\",\"kind\":\"message\",\"payload\":\"x\"}",
                "{\"type\":\"send\",\"id\":\"a\",\"to_user\":\"@nobody_here\",\"payload\":\"x\"}",
                "{\"type\":\"send\",\"id\":\"a\",\"to_user\":\"@nobody_here\",\"kind\":\"message\"}",
                "{\"type\":\"send\",\"id\":\"a\",\"to_user\":\"@nobody_here\",\"kind\":\"connection.x\",\"payload\":\"x\"}",
                "{\"type\":\"send\",\"id\":\"a\",\"to_user\":\"@nobody_here\",\"kind\":\"message\",\"payload\":{}}",
                "{\"type\":\"send\",\"id\":\"a\",\"to_user\":\"@nobody_here\",\"kind\":\"message\",\"payload\":\"\\ud800\"}",
                "{\"type\":\"send\",\"id\":\"a\",\"to_user\":\"@nobody_here\",\"kind\":\"message\",\"payload\":\"x\",\"ttl\":0}",
                "{\"type\":\"send\",\"id\":\"a\",\"to_user\":\"@nobody_here\",\"kind\":\"message\",\"payload\":\"x\",\"from_user\":\"@b\"}",
                "{\"type\":\"presence\"}",
                "{\"type\":\"presence\",\"status\":\"busy\"}",
                "{\"type\":\"presence\",\"status\":1}"
            })
    void aMalformedFrameIsRefusedAndTheSocketGoesOn(String frame) {
        try (RawSocket socket = RawSocket.open(relay.address(), token)) {
            socket.send(frame);
            assertRefused("malformed", socket.next());
            socket.send("{\"type\":\"ping\"}");
            assertEquals("pong", socket.next().path("type").asText());
        }
    }

    @Test
    void theRefusalCarriesTheIdOfTheFrame() {
        try (RawSocket socket = RawSocket.open(relay.address(), token)) {
            socket.send(
                    "{\"type\":\"send\",\"id\":\"mine\",\"to_user\":\"@nobody_here\",\"kind\":\"message\",\"payload\":\"x\"}");
            JsonNode refused = socket.next();
            assertRefused("not_connected", refused);
            assertEquals("mine", refused.path("id").asText());
        }
    }

    @Test
    void theThirdMalformedFrameInAMinuteClosesTheSocket() {
        try (RawSocket socket = RawSocket.open(relay.address(), token)) {
            for (int i = 0; i < Limits.MALFORMED_FRAMES_MAX; i++) {
                socket.send("x");
                assertRefused("malformed", socket.next());
            }
            assertEquals(4400, socket.closeCode());
        }
    }

    @Test
    void binaryFramesAreMalformed() {
        try (RawSocket socket = RawSocket.open(relay.address(), token)) {
            socket.sendBinary(new byte[] {1, 2, 3});
            assertRefused("malformed", socket.next());
        }
    }

    @Test
    void aFrameOverTheLimitClosesTheSocket() {
        try (RawSocket socket = RawSocket.open(relay.address(), token)) {
            socket.send("{\"type\":\"ping\",\"x\":\"" + "x".repeat(Limits.FRAME_BYTES_MAX) + "\"}");
            assertEquals(1009, socket.closeCode());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x",
                "{}",
                "{\"type\":\"ping\"}",
                "{\"type\":\"auth\"}",
                "{\"type\":\"auth\",\"token\":7}",
                "{\"type\":\"auth\",\"token\":\"\"}",
                "{\"type\":\"auth\",\"token\":\"garbage\"}",
                "{\"type\":\"ack\",\"up_to\":9}",
                "{\"type\":\"send\",\"id\":\"a\",\"to_user\":\"@walker\",\"kind\":\"message\",\"payload\":\"x\"}"
            })
    void whoeverDoesNotSignInFirstIsNotLetOn(String frame) {
        try (RawSocket socket = RawSocket.open(relay.address())) {
            for (int i = 0; i < Limits.MALFORMED_FRAMES_MAX; i++) {
                socket.sendIfOpen(frame);
            }
            int code = socket.closeCode();
            assertTrue(code == 4401 || code == 4400, "closed with " + code);
        }
    }

    @Test
    void anOriginThatNobodyNamedOpensNoSocket() {
        upgrade().header("Origin", "https://evil.example").send().assertRefused(403, "origin_refused");
        upgrade().header("Origin", "null").send().assertRefused(403, "origin_refused");
        assertEquals(101, upgrade().header("Origin", relay.address()).send().status());
        assertEquals(101, upgrade().send().status());
    }

    @Test
    void aBadTokenOpensNoSocket() {
        upgrade().header("Authorization", "Bearer garbage").send().assertRefused(401, "not_signed_in");
        upgrade().header("Authorization", "Basic x").send().assertRefused(401, "not_signed_in");
    }

    @Test
    void compressionIsNeverNegotiated() {
        RawHttp.Answer answer = upgrade()
                .header("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")
                .send();
        assertEquals(101, answer.status());
        assertTrue(answer.header("Sec-WebSocket-Extensions").isEmpty());
    }

    @Test
    void aCallThatIsNoUpgradeIsMalformed() {
        http.request("GET", "/ws").send().assertRefused(400, "malformed");
        http.request("GET", "/signaling/ws").token(token).send().assertRefused(400, "malformed");
    }

    @Test
    void framesThatAreAlmostRightAreNeverAFault() {
        Random random = new Random(SEED);
        List<String> words = List.of(
                "{",
                "}",
                "[",
                "]",
                ",",
                ":",
                "\"type\"",
                "\"send\"",
                "\"ack\"",
                "\"ping\"",
                "\"presence\"",
                "\"up_to\"",
                "\"event_ids\"",
                "\"id\"",
                "\"to_user\"",
                "\"kind\"",
                "\"payload\"",
                "\"ttl\"",
                "\"status\"",
                "null",
                "true",
                "0",
                "-1",
                "1e9",
                "9223372036854775807",
                "\"@walker\"",
                "\"@nobody_here\"",
                "\"offer\"",
                "\"\\ud800\"",
                "\"online\"",
                "\"room.join\"",
                "\"\\u0000\"",
                "\"group\"",
                "\"group_epoch\"",
                "\"AAAAAAAAAAAAAAAAAAAAAA\"");
        List<String> frames = List.of(
                "{\"type\":\"send\",\"id\":\"a\",\"to_user\":\"@nobody_here\",\"kind\":\"message\",\"payload\":\"x\",\"ttl\":60}",
                "{\"type\":\"send\",\"id\":\"a\",\"group\":\"g\",\"group_epoch\":1,\"kind\":\"message\",\"payload\":\"x\"}",
                "{\"type\":\"ack\",\"event_ids\":[\"AAAAAAAAAAAAAAAAAAAAAA\"]}",
                "{\"type\":\"ack\",\"up_to\":1}",
                "{\"type\":\"presence\",\"status\":\"away\"}",
                "{\"type\":\"ping\"}");
        for (int round = 0; round < ROUNDS / 10; round++) {
            try (RawSocket socket = RawSocket.open(relay.address(), token)) {
                for (int i = 0; i < 2; i++) {
                    String frame = changed(random, frames.get(random.nextInt(frames.size())), words);
                    socket.send(frame);
                    socket.send(END);
                    JsonNode answer = socket.next();
                    while (!answer.path("id").asText().equals("end")) {
                        JsonNode seen = answer;
                        assertNotEquals(
                                "internal",
                                seen.path("code").asText(),
                                () -> "seed " + SEED + ": " + frame + " got " + seen);
                        answer = socket.next();
                    }
                    assertRefused("not_connected", answer);
                }
            }
        }
    }

    private static String changed(Random random, String frame, List<String> words) {
        int from = random.nextInt(frame.length());
        int to = Math.min(frame.length(), from + random.nextInt(12));
        return frame.substring(0, from) + words.get(random.nextInt(words.size())) + frame.substring(to);
    }

    private RawHttp.Request upgrade() {
        return http.request("GET", "/ws")
                .header("Connection", "Upgrade")
                .header("Upgrade", "websocket")
                .header("Sec-WebSocket-Version", "13")
                .header("Sec-WebSocket-Key", KEY);
    }

    private static void assertRefused(String code, JsonNode frame) {
        assertEquals("refused", frame.path("type").asText(), frame.toString());
        assertEquals(code, frame.path("code").asText(), frame.toString());
    }
}
