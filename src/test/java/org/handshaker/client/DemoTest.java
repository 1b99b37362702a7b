// SPDX-License-Identifier: MIT
package org.handshaker.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.handshaker.client.ScriptedRelay.Said;
import org.handshaker.support.SocksProxy;
import org.handshaker.web.Json;
import org.junit.jupiter.api.Test;

class DemoTest {
    private static final String ONION = "http://" + "c".repeat(56) + ".onion";
    private final List<String> lines = new ArrayList<>();

    @Test
    void saysInOneSentenceThatNothingListens() {
        assertEquals(1, Demo.run("http://127.0.0.1:1", null, lines::add));
        assertEquals(List.of("relay http://127.0.0.1:1", "failed: Nothing listens at http://127.0.0.1:1."), lines);
    }

    @Test
    void saysInOneSentenceThatTheOnionCannotBeReached() {
        try (SocksProxy proxy = SocksProxy.refusingWith(4)) {
            assertEquals(1, Demo.run(ONION, proxy.address(), lines::add));
            assertEquals(
                    List.of(
                            "relay " + ONION,
                            "failed: The SOCKS proxy could not reach " + ONION + " (SOCKS5 host unreachable)."),
                    lines);
        }
    }

    @Test
    void saysInOneSentenceThatTheAddressIsNone() {
        assertEquals(2, Demo.run(ONION, null, lines::add));
        assertEquals(1, lines.size());
        assertTrue(lines.get(0).startsWith("failed: An onion address needs --socks"), lines.get(0));
    }

    @Test
    void deletesBothAccountsWhenAStepFailed() {
        try (ScriptedRelay relay = ScriptedRelay.answering(asked -> switch (asked.path()) {
            case "/health" -> Said.ok("{\"status\":\"ok\"}");
            case "/auth/register" -> {
                String name = String.valueOf(Json.map(asked.body()).get("username"));
                yield Said.ok(Scripts.tokens(name, "refresh", 300).replace("}", ",\"recovery_codes\":[]}"));
            }
            case "/auth/account" -> new Said(204, "", Map.of());
            default -> Scripts.refusal(500, "internal");
        })) {
            assertEquals(1, Demo.run(relay.address().toString(), null, lines::add));
            List<String> deleted = relay.asked().stream()
                    .filter(asked ->
                            asked.method().equals("DELETE") && asked.path().equals("/auth/account"))
                    .map(asked -> String.valueOf(asked.authorization()))
                    .toList();
            assertEquals(2, deleted.size());
            assertTrue(lines.contains("failed: the relay refused: No. (internal)"), lines.toString());
        }
    }
}
