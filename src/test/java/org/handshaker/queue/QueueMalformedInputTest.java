// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.List;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QueueMalformedInputTest {
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
                    POST | /events | `{"to_user":"ab","kind":"message","payload":"x"}` | 400 | bad_username
                    POST | /events | `{"to_user":"@nobody_here","kind":"message","payload":"x"}` | 403 | not_connected
                    POST | /events | `{"to_user":"@walker","kind":"message","payload":"x"}` | 403 | not_connected
                    POST | /events | `{"to_user":"@nobody_here","kind":"","payload":"x"}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"Message","payload":"x"}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"9lives","payload":"x"}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"a b","payload":"x"}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"connection.accepted","payload":"x"}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"system.x","payload":"x"}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"key.changed","payload":"x"}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"account.gone","payload":"x"}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"an_event_kind_of_more_than_32_chars","payload":"x"}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"message","payload":{"a":1}}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"message","payload":"x","ttl":0}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"message","payload":"x","ttl":-1}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"message","payload":"x","ttl":"60"}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"message","payload":"x","ttl":9223372036854775808}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"message","payload":"x","id":""}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"message","payload":"x","id":7}` | 400 | malformed
                    POST | /events | `{"to_user":"@nobody_here","kind":"message","payload":"x","from_user":"@other"}` | 400 | malformed
                    POST | /signaling/send | `{"to_user":"@nobody_here","type":"message","encrypted_payload":"x"}` | 400 | malformed
                    POST | /signaling/send | `{"to_user":"@nobody_here","type":"OFFER","encrypted_payload":"x"}` | 400 | malformed
                    POST | /signaling/send | `{"to_user":"@nobody_here","type":"offer","payload":"x"}` | 400 | malformed
                    POST | /signaling/send | `{"to_user":"@nobody_here","type":"offer","encrypted_payload":{"sdp":"x"}}` | 400 | malformed
                    POST | /signaling/send | `{"to_user":"@nobody_here","type":"offer","encrypted_payload":"x"}` | 403 | not_connected
                    GET | /events?wait=-1 |  | 400 | malformed
                    GET | /events?wait=31 |  | 400 | malformed
                    GET | /events?wait=x |  | 400 | malformed
                    GET | /events?wait=1.5 |  | 400 | malformed
                    GET | /events?wait= |  | 400 | malformed
                    GET | /events?limit=0 |  | 400 | malformed
                    GET | /events?limit=101 |  | 400 | malformed
                    GET | /events?limit=-1 |  | 400 | malformed
                    GET | /events?ack=-1 |  | 400 | malformed
                    GET | /events?ack=x |  | 400 | malformed
                    GET | /events?ack=9223372036854775808 |  | 400 | malformed
                    GET | /events?wait=0&wait=0 |  | 400 | malformed
                    GET | /signaling/poll?wait=-1 |  | 400 | malformed
                    GET | /signaling/poll?wait=31 |  | 400 | malformed
                    GET | /signaling/poll?wait=x |  | 400 | malformed
                    GET | /signaling/poll?wait=1.5 |  | 400 | malformed
                    GET | /signaling/poll?wait= |  | 400 | malformed
                    GET | /signaling/poll?limit=0 |  | 400 | malformed
                    GET | /signaling/poll?limit=101 |  | 400 | malformed
                    GET | /signaling/poll?limit=-1 |  | 400 | malformed
                    GET | /signaling/poll?ack=-1 |  | 400 | malformed
                    GET | /signaling/poll?ack=x |  | 400 | malformed
                    GET | /signaling/poll?ack=9223372036854775808 |  | 400 | malformed
                    GET | /signaling/poll?wait=0&wait=0 |  | 400 | malformed
                    GET | /events?epoch=other&ack=1 |  | 409 | stale_queue_epoch
                    GET | /signaling/poll?epoch=other&ack=1 |  | 409 | stale_queue_epoch
                    POST | /events/ack | `{}` | 400 | malformed
                    POST | /events/ack | `{"epoch":"x"}` | 400 | malformed
                    POST | /events/ack | `{"up_to":-1,"epoch":"x"}` | 400 | malformed
                    POST | /events/ack | `{"up_to":1.5,"epoch":"x"}` | 400 | malformed
                    POST | /events/ack | `{"up_to":1,"epoch":"other"}` | 409 | stale_queue_epoch
                    POST | /events/ack | `{"event_ids":"x"}` | 400 | malformed
                    POST | /events/ack | `{"event_ids":[7]}` | 400 | malformed
                    POST | /events/ack | `{"event_ids":[null]}` | 400 | malformed
                    POST | /events/ack | `{"event_ids":["AAAAAAAAAAAAAAAAAAAAAA"],"up_to":1,"epoch":"x"}` | 400 | malformed
                    """)
    void isRefused(String method, String target, String body, int status, String code) {
        RawHttp.Request request = http.request(method, target).token(token);
        if (body != null) {
            request.json(body);
        }
        request.send().assertRefused(status, code);
    }

    @Test
    void refusesAPayloadThatIsTooLong() {
        for (String path : List.of("/events", "/signaling/send")) {
            String tooLong = "x".repeat(65_537);
            String body = path.equals("/events")
                    ? "{\"to_user\":\"@nobody_here\",\"kind\":\"message\",\"payload\":\"" + tooLong + "\"}"
                    : "{\"to_user\":\"@nobody_here\",\"type\":\"offer\",\"encrypted_payload\":\"" + tooLong + "\"}";
            http.request("POST", path).token(token).json(body).send().assertRefused(413, "too_large");
        }
    }

    @Test
    void refusesTooManyIdsAtOnce() {
        String ids = "\"AAAAAAAAAAAAAAAAAAAAAA\",".repeat(1_000) + "\"AAAAAAAAAAAAAAAAAAAAAA\"";
        http.request("POST", "/events/ack")
                .token(token)
                .json("{\"event_ids\":[" + ids + "]}")
                .send()
                .assertRefused(400, "malformed");
    }

    @Test
    void refusesAnIdThatIsTooLong() {
        http.request("POST", "/events")
                .token(token)
                .json("{\"to_user\":\"@nobody_here\",\"kind\":\"message\",\"payload\":\"x\",\"id\":\"" + "i".repeat(129)
                        + "\"}")
                .send()
                .assertRefused(400, "malformed");
    }
}
