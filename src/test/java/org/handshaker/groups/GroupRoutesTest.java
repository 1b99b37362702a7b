// SPDX-License-Identifier: MIT
package org.handshaker.groups;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.Test;

class GroupRoutesTest {
    private static final String GROUP = "/groups/AAAAAAAAAAAAAAAAAAAAAA";

    /** Two spellings of one name are one member, and of two keys nobody knows which was meant. */
    @Test
    void aMemberWhoIsNamedTwiceIsMalformed() {
        try (TestRelay relay = TestRelay.start()) {
            RawHttp http = new RawHttp(relay.address());
            String token = http.signUp("walker");
            RawHttp.Answer made = http.request("POST", "/groups")
                    .token(token)
                    .json("{\"group_id\":\"AAAAAAAAAAAAAAAAAAAAAA\"}")
                    .send();
            assertEquals(201, made.status(), made.body());
            http.request("POST", GROUP + "/epoch")
                    .token(token)
                    .json("{\"sealed_keys\":{\"@walker\":\"eA\",\"walker\":\"eB\"}}")
                    .send()
                    .assertRefused(400, "malformed");
            assertEquals(
                    200,
                    http.request("POST", GROUP + "/epoch")
                            .token(token)
                            .json("{\"sealed_keys\":{\"walker\":\"eB\"}}")
                            .send()
                            .status());
        }
    }
}
