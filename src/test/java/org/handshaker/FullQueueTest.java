// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.handshaker.core.Limits;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.Test;

/** Over HTTP: whoever has filled a share of a queue hears so from both calls that send. */
class FullQueueTest {
    private static final int PAYLOAD = 60_000;

    @Test
    void isToldToItsSenderByEitherCall() {
        try (TestRelay relay = TestRelay.start("--linger=0s")) {
            RawHttp http = new RawHttp(relay.address());
            String alice = http.signUp("alice");
            String bob = http.signUp("bob");
            post(http, alice, "/connections/request", "{\"to_user\":\"@bob\"}");
            post(http, bob, "/connections/request", "{\"to_user\":\"@alice\"}");
            String event = "{\"to_user\":\"@bob\",\"kind\":\"message\",\"payload\":\"" + "x".repeat(PAYLOAD) + "\"}";
            int taken = 0;
            RawHttp.Answer answer = post(http, alice, "/events", event);
            while (answer.status() == 202 && taken <= Limits.QUEUE_BYTES_MAX / PAYLOAD) {
                taken++;
                answer = post(http, alice, "/events", event);
            }
            answer.assertRefused(429, "queue_full");
            assertEquals(Limits.QUEUE_BYTES_MAX / 2 / PAYLOAD, taken);
            String signal =
                    "{\"to_user\":\"@bob\",\"type\":\"offer\",\"encrypted_payload\":\"" + "x".repeat(PAYLOAD) + "\"}";
            post(http, alice, "/signaling/send", signal).assertRefused(429, "queue_full");
            post(http, alice, "/signaling/send", signal.replace("@bob", "b")).assertRefused(400, "bad_username");
        }
    }

    private static RawHttp.Answer post(RawHttp http, String token, String target, String body) {
        return http.request("POST", target).token(token).json(body).send();
    }
}
