// SPDX-License-Identifier: MIT
package org.handshaker.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.handshaker.client.ScriptedRelay.Asked;
import org.handshaker.client.ScriptedRelay.Said;
import org.handshaker.core.Secrets;
import org.handshaker.web.Json;
import org.junit.jupiter.api.Test;

class RelayClientTest {
    private static final String PASSWORD = "a long password";

    @Test
    void turnsAProblemIntoARefusal() {
        RelayRefused refused = assertThrows(
                RelayRefused.class,
                () -> signedIn(
                        asked -> Scripts.refusal(429, "queue_full"), client -> client.send("@bob", "message", "x")));
        assertEquals(429, refused.status());
        assertEquals("queue_full", refused.code());
        assertEquals("No.", refused.detail());
        assertEquals(7, refused.retryAfterSeconds());
    }

    @Test
    void renewsTheTokenBeforeItEnds() {
        try (ScriptedRelay relay = ScriptedRelay.answering(asked -> switch (asked.path()) {
                    case "/auth/login" -> Said.ok(Scripts.tokens("access-1", "refresh-1", 0));
                    case "/auth/refresh" -> Said.ok(Scripts.tokens("access-2", "refresh-2", 300));
                    default -> Said.ok("{\"connections\":[]}");
                });
                Carrier carrier = Carrier.to(relay.address())) {
            RelayClient client = new RelayClient(carrier);
            client.login("@alice", PASSWORD);
            client.connections();
            client.connections();
            List<Asked> asked = relay.asked();
            assertEquals(4, asked.size(), "login, refresh, and two calls");
            assertEquals("refresh-1", Json.map(asked.get(1).body()).get("refresh_token"));
            assertEquals("Bearer access-2", asked.get(2).authorization());
            assertEquals("Bearer access-2", asked.get(3).authorization());
        }
    }

    @Test
    void keepsTheDeviceTokenOverSigningOutAndShowsItForNoOtherAccount() {
        try (ScriptedRelay relay = ScriptedRelay.answering(asked ->
                        asked.path().equals("/auth/logout") ? new Said(204, "", Map.of()) : Said.ok(Scripts.TOKENS));
                Carrier carrier = Carrier.to(relay.address())) {
            RelayClient client = new RelayClient(carrier);
            client.login("@alice", PASSWORD);
            client.logout();
            client.login("Alice", PASSWORD);
            client.login("@bob", PASSWORD);
            List<Object> shown = new ArrayList<>();
            for (Asked asked : relay.asked()) {
                if (asked.path().equals("/auth/login")) {
                    shown.add(Json.map(asked.body()).getOrDefault("device_token", "none"));
                }
            }
            assertEquals(List.of("none", "device", "none"), shown);
        }
    }

    @Test
    void renewsTheTokenWhenTheRelayNoLongerTakesIt() {
        try (ScriptedRelay relay = ScriptedRelay.answering(asked -> {
                    if (asked.path().equals("/auth/login")) {
                        return Said.ok(Scripts.TOKENS);
                    }
                    if (asked.path().equals("/auth/refresh")) {
                        return Said.ok(Scripts.tokens("access-2", "refresh-2", 300));
                    }
                    return "Bearer access-2".equals(asked.authorization())
                            ? Said.ok("{\"connections\":[]}")
                            : Scripts.refusal(401, "not_signed_in");
                });
                Carrier carrier = Carrier.to(relay.address())) {
            RelayClient client = new RelayClient(carrier);
            client.login("@alice", PASSWORD);
            assertEquals(List.of(), client.connections());
        }
    }

    @Test
    void givesUpWhenTheSessionIsOver() {
        RelayRefused refused = assertThrows(
                RelayRefused.class,
                () -> signedIn(
                        asked -> asked.path().equals("/auth/refresh")
                                ? Scripts.refusal(401, "session_revoked")
                                : Scripts.refusal(401, "not_signed_in"),
                        RelayClient::connections));
        assertEquals("session_revoked", refused.code());
    }

    @Test
    void solvesThePuzzleThatRegistrationAsksFor() {
        String challenge = HexFormat.of().formatHex(Secrets.sha256("salt?expires=1" + 4_321));
        String puzzle = ",\"puzzle\":{\"algorithm\":\"SHA-256\",\"challenge\":\"" + challenge
                + "\",\"salt\":\"salt?expires=1\",\"maxnumber\":10000,\"signature\":\"sig\"}";
        try (ScriptedRelay relay = ScriptedRelay.answering(asked -> Json.map(asked.body())
                                .containsKey("puzzle")
                        ? new Said(201, Scripts.TOKENS.replace("}", ",\"recovery_codes\":[\"a\",\"b\"]}"), Map.of())
                        : Scripts.refusal(401, "puzzle_required", puzzle));
                Carrier carrier = Carrier.to(relay.address())) {
            RelayClient client = new RelayClient(carrier);
            assertEquals(List.of("a", "b"), client.register("@alice", PASSWORD));
            assertTrue(client.isSignedIn());
            String solved = (String) Json.map(relay.asked().get(1).body()).get("puzzle");
            Map<String, Object> solution =
                    Json.map(new String(Base64.getDecoder().decode(solved), StandardCharsets.UTF_8));
            assertEquals(4_321, solution.get("number"));
            assertEquals("sig", solution.get("signature"));
        }
    }

    @Test
    void waitsAndAcknowledgesInOneRoundTrip() {
        signedIn(
                asked -> asked.path().equals("/signaling/poll?wait=1&limit=100&ack=41")
                        ? Said.ok(
                                "{\"epoch\":\"e\",\"messages\":[{\"event_id\":\"i\",\"seq\":42,\"from_user\":\"@bob\","
                                        + "\"type\":\"offer\",\"encrypted_payload\":\"p\"}]}")
                        : Scripts.refusal(404, "not_found"),
                client -> {
                    Events events = client.signals(Poll.waiting(1).acking(41));
                    assertEquals(42, events.lastSeq());
                    assertEquals("offer", events.events().get(0).kind());
                    assertEquals("p", events.events().get(0).payload());
                    return events;
                });
    }

    @Test
    void saysNothingSecretAboutItself() {
        signedIn(asked -> Said.ok("{}"), client -> {
            assertEquals("RelayClient", client.toString());
            return client;
        });
        assertFalse(Tokens.of(new Answer(Json.map(Scripts.TOKENS)), 0, null)
                .toString()
                .contains("access-1"));
    }

    private static <T> T signedIn(Function<Asked, Said> script, Function<RelayClient, T> calls) {
        try (ScriptedRelay relay = ScriptedRelay.answering(
                        asked -> asked.path().equals("/auth/login") ? Said.ok(Scripts.TOKENS) : script.apply(asked));
                Carrier carrier = Carrier.to(relay.address())) {
            RelayClient client = new RelayClient(carrier);
            client.login("@alice", PASSWORD);
            return calls.apply(client);
        }
    }
}
