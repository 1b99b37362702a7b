// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.handshaker.core.Limits;
import org.handshaker.support.KeptConnection;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.Test;

/** Refusals that come late to those who do not heed them. */
final class RefusalWaitTest {
    private static final String SIGN_IN =
            "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{";
    private static final String HEALTH = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

    @Test
    void growsWithTheLineAndIsBounded() {
        assertEquals(0, Router.strainedMillis(0));
        assertEquals(0, Router.strainedMillis(Limits.REQUESTS_WAITING_STRAINED / 5));
        assertEquals(Limits.STRANGER_REFUSAL_WAIT.toMillis(), Router.strainedMillis(Limits.REQUESTS_WAITING_STRAINED));
        assertEquals(
                3 * Limits.STRANGER_REFUSAL_WAIT.toMillis(),
                Router.strainedMillis(3 * Limits.REQUESTS_WAITING_STRAINED));
        assertEquals(Limits.STRANGER_REFUSAL_WAIT_MAX.toMillis(), Router.strainedMillis(Integer.MAX_VALUE));
    }

    /** Where no tor can close the circuit; whatever is not refused is answered at once. */
    @Test
    void aCircuitThatGoesOnWaitsForEachFurtherRefusal() {
        try (TestRelay relay = TestRelay.start("--limits=on", "--tor=torrc");
                KeptConnection hammer = new KeptConnection(relay.address())) {
            hammer.send("PROXY TCP6 fc00:dead:beef:4dad::0:7 ::1 7 80\r\n");
            int refusals = 0;
            while (refusals < Limits.CIRCUIT_REFUSALS_MAX - 1) {
                refusals += hammer.send(SIGN_IN).answer().status() == 429 ? 1 : 0;
            }
            long start = System.nanoTime();
            hammer.send(SIGN_IN).answer().assertRefused(429, "too_fast");
            Duration waited = Duration.ofNanos(System.nanoTime() - start);
            assertTrue(waited.compareTo(Limits.CIRCUIT_REFUSAL_WAIT) >= 0, waited.toString());
            assertEquals(200, hammer.send(HEALTH).answer().status());
            new RawHttp(relay.address())
                    .onCircuit(8)
                    .request("POST", "/auth/login")
                    .json("{")
                    .sendUnchecked()
                    .assertRefused(400, "malformed");
        }
    }
}
