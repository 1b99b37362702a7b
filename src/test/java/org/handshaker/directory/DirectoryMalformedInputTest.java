// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DirectoryMalformedInputTest {
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
                    GET   | /users/search                |                                        | 400 | malformed
                    GET   | /users/search?q=abc&q=abd    |                                        | 400 | malformed
                    GET   | /users/search?q=%zz          |                                        | 400 | malformed
                    GET   | /users/ab                    |                                        | 404 | not_found
                    GET   | /users/@                     |                                        | 404 | not_found
                    GET   | /users/@@walker              |                                        | 404 | not_found
                    GET   | /users/@walker%20            |                                        | 404 | not_found
                    GET   | /users/w%C3%A0lker           |                                        | 404 | not_found
                    GET   | /users/wal%E2%84%AAer        |                                        | 404 | not_found
                    GET   | /users/walker%00             |                                        | 400 | malformed
                    GET   | /users/a_name_of_more_than_thirty_chars |                             | 404 | not_found
                    GET   | /users/ab/public-key         |                                        | 404 | not_found
                    GET   | /users/@walker/public-key    |                                        | 404 | not_found
                    PATCH | /users/me                    | `{"discoverable":"yes"}`               | 400 | malformed
                    PATCH | /users/me                    | `{"discoverable":1}`                   | 400 | malformed
                    PATCH | /users/me                    | `{"username":"@other"}`                | 400 | malformed
                    PATCH | /users/me                    | `{"fingerprint":null}`                 | 400 | malformed
                    POST  | /users/public-keys           | `{"usernames":null}`                   | 400 | malformed
                    POST  | /users/public-keys           | `{"usernames":"@walker"}`              | 400 | malformed
                    POST  | /users/public-keys           | `{"usernames":[null]}`                 | 400 | malformed
                    POST  | /users/public-keys           | `{"usernames":[["@walker"]]}`          | 400 | malformed
                    POST  | /users/public-keys           | `{"usernames":["ab"]}`                 | 400 | bad_username
                    POST  | /users/public-keys           | `{"usernames":["@walker","w\\u00e0lker"]}` | 400 | bad_username
                    """)
    void isRefused(String method, String target, String body, int status, String code) {
        RawHttp.Request request = http.request(method, target).token(token);
        if (body != null) {
            request.json(body);
        }
        request.send().assertRefused(status, code);
    }

    @Test
    void refusesMoreThanAHundredNames() {
        String names = "\"@walker\",".repeat(100) + "\"@walker\"";
        http.request("POST", "/users/public-keys")
                .token(token)
                .json("{\"usernames\":[" + names + "]}")
                .send()
                .assertRefused(400, "malformed");
    }
}
