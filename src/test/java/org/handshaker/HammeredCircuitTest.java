// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.handshaker.core.Limits;
import org.handshaker.support.OnionRelay;
import org.handshaker.support.OnionStream;
import org.handshaker.support.TorNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A circuit that does not heed a refusal, through real tors. */
@Tag("tor")
@ExtendWith(TorNetwork.Shared.class)
final class HammeredCircuitTest {
    /** The burst of sign-ins, the refusals that count, and some that were under way. */
    private static final int CALLS_MAX = 3 * Limits.CIRCUIT_REFUSALS_MAX;

    @TempDir
    Path directory;

    @Test
    void isClosedByTorAndNoOtherOneIs(TorNetwork network) throws IOException {
        try (OnionRelay relay = OnionRelay.start(directory, network, "--self-probe=0s");
                OnionStream hammer = new OnionStream(network.socksPort(), "hammer", relay.onion());
                OnionStream beside = new OnionStream(network.socksPort(), "hammer", relay.onion());
                OnionStream bystander = new OnionStream(network.socksPort(), "bystander", relay.onion())) {
            assertEquals(200, beside.call("GET", "/health", "").status());
            assertEquals(200, bystander.call("GET", "/health", "").status());
            assertEquals("2", relay.status().get("onion").get("circuits").asText(), "three streams on two circuits");

            int[] refusals = {0};
            assertThrows(IOException.class, () -> {
                for (int i = 0; i < CALLS_MAX; i++) {
                    refusals[0] += hammer.call("POST", "/auth/login", "{").status() == 429 ? 1 : 0;
                }
            });
            assertTrue(refusals[0] >= Limits.CIRCUIT_REFUSALS_MAX - 1, refusals[0] + " refusals were heard");
            assertTrue(beside.isCutOff(), "the circuit is closed, not only the stream");
            assertEquals(200, bystander.call("GET", "/health", "").status());
            assertEquals("1", relay.status().get("onion").get("circuits_closed").asText());

            // A throttle, no ban: who comes back on a new circuit is served.
            try (OnionStream back = new OnionStream(network.socksPort(), "hammer", relay.onion())) {
                assertEquals(400, back.call("POST", "/auth/login", "{").status());
            }
            assertEquals(200, bystander.call("GET", "/health", "").status());
        }
    }
}
