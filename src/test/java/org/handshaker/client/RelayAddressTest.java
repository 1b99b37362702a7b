// SPDX-License-Identifier: MIT
package org.handshaker.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RelayAddressTest {
    private static final String ONION = "http://" + "a".repeat(56) + ".onion";

    @ParameterizedTest
    @ValueSource(strings = {"http://127.0.0.1:8480", "http://localhost:1", "http://[::1]:8480", "http://127.9.9.9"})
    void reachesLoopbackWithoutAProxy(String relay) {
        assertEquals(relay, RelayAddress.parse(relay).toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://example.org",
                "http://10.0.0.1",
                "http://0.0.0.0",
                "http://127.0.0.1.example.org",
                "http://[::ffff:8.8.8.8]",
                "http://198.51.100.7"
            })
    void refusesToGoElsewhereWithoutAProxy(String relay) {
        String sentence = refusal(relay, null);
        assertTrue(sentence.startsWith("Without a SOCKS proxy only"), sentence);
    }

    @Test
    void asksForTheProxyThatAnOnionNeeds() {
        assertTrue(refusal(ONION, null).contains("--socks"));
    }

    @Test
    void leavesTheNameToTheProxy() {
        RelayAddress address = RelayAddress.parse(ONION + ":8480/", "127.0.0.1:9050");
        assertEquals("a".repeat(56) + ".onion", address.host());
        assertEquals("/127.0.0.1:9050", address.proxy().orElseThrow().toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "tor.example:9050", "127.0.0.1:", "127.0.0.1:70000", ":9050", "127.0.0.1:-1"})
    void refusesAProxyThatWouldNeedALookUp(String socks) {
        assertTrue(refusal(ONION, socks).startsWith("A SOCKS proxy is an IP address"));
    }

    @Test
    void refusesANameThatTheProxyCodeWouldLookUpHere() {
        assertThrows(IllegalArgumentException.class, () -> RelayAddress.parse("http://[fe80::1]", "127.0.0.1:9050"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "127.0.0.1:8480",
                "https://127.0.0.1",
                "ftp://127.0.0.1",
                "http://me@127.0.0.1",
                "http://127.0.0.1/a",
                "http://127.0.0.1?q",
                "http://127.0.0.1#f",
                "http:///",
                "http://a b",
                "http://127.0.0.1:99999",
                "http://999.0.0.1"
            })
    void refusesWhatIsNoAddress(String relay) {
        assertTrue(refusal(relay, null).startsWith("A relay is http://HOST[:PORT] or unix:PATH"));
    }

    @Test
    void refusesAUnixSocketBehindAProxy() {
        assertTrue(refusal("unix:/run/relay.sock", "127.0.0.1:9050").contains("not reached through"));
    }

    private static String refusal(String relay, @Nullable String socks) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, () -> RelayAddress.parse(relay, socks))
                .getMessage());
    }
}
