// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** An operator has named one origin; it may read, and nobody who looks like it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CorsTest {
    private static final String NAMED = "https://client.example";

    private TestRelay relay;
    private RawHttp http;

    @BeforeAll
    void startARelayThatNamesAnOrigin() {
        relay = TestRelay.start("--cors-origins=" + NAMED);
        http = new RawHttp(relay.address());
    }

    @AfterAll
    void stopTheRelay() {
        relay.close();
    }

    @Test
    void theNamedOriginMayReadEvenRefusals() {
        RawHttp.Answer answer =
                http.request("GET", "/users/me").header("Origin", NAMED).send();
        assertEquals(401, answer.status());
        assertEquals(Optional.of(NAMED), answer.header("Access-Control-Allow-Origin"));
        assertEquals(Optional.of("Origin"), answer.header("Vary"));
        assertTrue(answer.header("Access-Control-Allow-Credentials").isEmpty());
    }

    @Test
    void theNamedOriginMayAskBeforehand() {
        RawHttp.Answer answer = http.request("OPTIONS", "/auth/login")
                .header("Origin", NAMED)
                .header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", "content-type")
                .sendUnchecked();
        assertEquals(204, answer.status());
        assertEquals(Optional.of(NAMED), answer.header("Access-Control-Allow-Origin"));
        assertTrue(answer.header("Access-Control-Allow-Methods").orElse("").contains("POST"));
    }

    @Test
    void whoeverLooksLikeItMayNot() {
        for (String origin : List.of(
                "https://client.example.evil.example",
                "https://evil.client.example",
                "http://client.example",
                "https://client.example:8443",
                "https://client.example/",
                "HTTPS://CLIENT.EXAMPLE",
                "null",
                "*",
                "")) {
            RawHttp.Answer answer =
                    http.request("GET", "/health").header("Origin", origin).send();
            assertFalse(
                    answer.headers().keySet().stream().anyMatch(name -> name.startsWith("access-control-")), origin);
        }
    }

    @Test
    void theNamedOriginMayOpenASocket() {
        assertEquals(101, upgrade(NAMED).send().status());
        upgrade("https://client.example.evil.example").send().assertRefused(403, "origin_refused");
    }

    private RawHttp.Request upgrade(String origin) {
        return http.request("GET", "/ws")
                .header("Connection", "Upgrade")
                .header("Upgrade", "websocket")
                .header("Sec-WebSocket-Version", "13")
                .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
                .header("Origin", origin);
    }
}
