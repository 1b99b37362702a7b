// SPDX-License-Identifier: MIT
package org.handshaker.push;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PushEndpointTest {
    private static final String ONION = "a".repeat(56) + ".onion";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABl",
                "https://ntfy.sh/upXYZ?up=1",
                "https://push.example.net:8443/a",
                "https://xn--bcher-kva.de/x",
                "http://" + "a234567bcdefghijklmnopqrstuvwxyza234567bcdefghijklmnopqr" + ".onion/up",
                "https://" + "a234567bcdefghijklmnopqrstuvwxyza234567bcdefghijklmnopqr" + ".onion:8443/up",
            })
    void takesPublicNamesOverTlsAndOnions(String endpoint) {
        assertEquals(endpoint, PushEndpoint.parse(endpoint).uri().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "not a uri",
                "http://push.example.net/plain",
                "ftp://push.example.net/",
                "file:///etc/passwd",
                "https:/push.example.net",
                "https:push.example.net",
                "https://localhost/",
                "https://relay.localhost/",
                "https://printer.local/",
                "https://router.lan/",
                "https://db.internal/",
                "https://intranet/",
                "https://127.0.0.1/",
                "https://127.1/",
                "https://2130706433/",
                "https://0x7f000001/",
                "https://0177.0.0.1/",
                "https://10.0.0.1/",
                "https://192.168.1.1/",
                "https://169.254.169.254/latest/meta-data/",
                "https://[::1]/",
                "https://[fe80::1]/",
                "https://[::ffff:127.0.0.1]/",
                "https://8.8.8.8/",
                "https://push.example.net@127.0.0.1/",
                "https://user:pass@push.example.net/",
                "https://push.example.net/#fragment",
                "https://push.example.net:0/",
                "https://push.example.net:65536/",
                "https://push_service.net/",
                "https://push.example.net./",
                "https://short.onion/",
                "https://1.1.1.1.in-addr.arpa/",
                "https://b\u00fccher.de/",
            })
    void refusesWhateverElseItIs(String endpoint) {
        assertRefused(Reason.BAD_ENDPOINT, () -> PushEndpoint.parse(endpoint));
    }

    @Test
    void isBoundedInLength() {
        String start = "http://" + ONION + "/";
        String longest = start + "x".repeat(Limits.PUSH_ENDPOINT_CHARS_MAX - start.length());
        assertEquals(longest, PushEndpoint.parse(longest).uri().toString());
        assertRefused(Reason.BAD_ENDPOINT, () -> PushEndpoint.parse(longest + "x"));
    }

    @Test
    void saysNothingOfItself() {
        assertEquals(
                "PushEndpoint", PushEndpoint.parse("https://ntfy.sh/secret").toString());
    }
}
