// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConnectionsMalformedInputTest {
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
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    POST | /connections/request | `{"to_user":"ab"}` | 400 | bad_username
                    POST | /connections/request | `{"to_user":""}` | 400 | bad_username
                    POST | /connections/request | `{"to_user":"@@walker"}` | 400 | bad_username
                    POST | /connections/request | `{"to_user":"wal\\u212aer"}` | 400 | bad_username
                    POST | /connections/request | `{"to_user":"@walker"}` | 400 | not_with_yourself
                    POST | /connections/request | `{"to_user":"@WALKER"}` | 400 | not_with_yourself
                    POST | /connections/request | `{"to_user":"@nobody_here"}` | 404 | not_found
                    POST | /connections/request | `{"to_user":"@nobody_here","intro":7}` | 400 | malformed
                    POST | /connections/request | `{"to_user":"@nobody_here","intro":{"a":1}}` | 400 | malformed
                    POST | /connections/request | `{"to_user":"@nobody_here","from_user":"@walker"}` | 400 | malformed
                    POST | /connections/respond | `{"request_id":"","action":"accept"}` | 404 | not_found
                    POST | /connections/respond | `{"request_id":"x","action":"accept"}` | 404 | not_found
                    POST | /connections/respond | `{"request_id":"AAAAAAAAAAAAAAAAAAAAAA","action":"accept"}` | 404 | not_found
                    POST | /connections/respond | `{"request_id":"AAAAAAAAAAAAAAAAAAAAAB","action":"accept"}` | 404 | not_found
                    POST | /connections/respond | `{"request_id":"AAAAAAAAAAAAAAAAAAAAAA","action":"ACCEPT"}` | 400 | malformed
                    POST | /connections/respond | `{"request_id":"AAAAAAAAAAAAAAAAAAAAAA","action":"approve"}` | 400 | malformed
                    POST | /connections/respond | `{"request_id":"AAAAAAAAAAAAAAAAAAAAAA","action":""}` | 400 | malformed
                    DELETE | /connections/ab |  | 404 | not_found
                    DELETE | /connections/@walker |  | 404 | not_found
                    DELETE | /connections/@nobody_here |  | 404 | not_found
                    PUT | /connections/blocks/@nobody_here |  | 404 | not_found
                    PUT | /connections/blocks/@walker |  | 400 | not_with_yourself
                    PUT | /connections/blocks/ab |  | 404 | not_found
                    DELETE | /connections/blocks/@nobody_here |  | 404 | not_found
                    """)
    void isRefused(String method, String target, String body, int status, String code) {
        RawHttp.Request request = http.request(method, target).token(token);
        if (body != null) {
            request.json(body);
        }
        request.send().assertRefused(status, code);
    }

    @Test
    void refusesAnIntroThatIsTooLong() {
        http.request("POST", "/connections/request")
                .token(token)
                .json("{\"to_user\":\"@nobody_here\",\"intro\":\"" + "x".repeat(2_049) + "\"}")
                .send()
                .assertRefused(400, "malformed");
    }
}
