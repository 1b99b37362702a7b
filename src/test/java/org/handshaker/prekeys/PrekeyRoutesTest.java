// SPDX-License-Identifier: MIT
package org.handshaker.prekeys;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.support.TestWeb;
import org.handshaker.support.TestWeb.Answered;
import org.handshaker.web.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrekeyRoutesTest {
    private static final String SIGNED = "\"signed_prekey\":{\"key_id\":7,\"key\":\"c3Br\",\"signature\":\"c2ln\"}";

    @TempDir
    Path directory;

    private Keyring keyring;
    private TestWeb web;
    private Id alice;
    private Id bob;

    @BeforeEach
    void open() {
        keyring = new Keyring(directory, null);
        alice = keyring.user("alice");
        bob = keyring.user("bob");
        web = new TestWeb(new PrekeyRoutes(keyring.prekeys).routes());
    }

    @AfterEach
    void close() {
        web.close();
        keyring.close();
    }

    private Answered put(String body) throws Exception {
        return web.call("PUT", bob, "/users/me/prekeys", body);
    }

    @Test
    void givesBackWhatWasLeftAsItWasWritten() throws Exception {
        Answered accepted = put("{\"identity_key\":\"aWs\"," + SIGNED
                + ",\"one_time_prekeys\":[{\"key_id\":1,\"key\":\"b25l\"}],"
                + "\"kyber_prekeys\":[{\"key_id\":\"k-1\",\"key\":\"a3li\",\"signature\":\"c2ln\"}],"
                + "\"last_resort_kyber_prekey\":{\"key_id\":99,\"key\":\"bGFzdA\"}}");
        assertEquals(
                Map.<String, Object>of("remaining", 1, "kyber_remaining", 1, "effective_at", "2026-01-15T12:00:00Z"),
                accepted.json());
        Map<String, Object> signed = Map.<String, Object>of("key_id", 7, "key", "c3Br", "signature", "c2ln");
        Map<String, Object> bundle = new HashMap<>(Map.<String, Object>of(
                "username",
                "@bob",
                "identity_key",
                "aWs",
                "signed_prekey",
                signed,
                "one_time_prekey",
                Map.<String, Object>of("key_id", 1, "key", "b25l"),
                "kyber_prekey",
                Map.<String, Object>of("key_id", "k-1", "key", "a3li", "signature", "c2ln")));
        assertEquals(bundle, web.get(alice, "/users/@bob/prekeys").json());
        bundle.put("one_time_prekey", null);
        bundle.put("kyber_prekey", Map.<String, Object>of("key_id", 99, "key", "bGFzdA"));
        assertEquals(bundle, web.get(alice, "/users/bob/prekeys").json());
        assertEquals(
                Map.<String, Object>of("remaining", 0, "kyber_remaining", 0),
                web.get(bob, "/users/me/prekeys").json());
        assertEquals(
                Map.<String, Object>of("remaining", 0),
                web.get(alice, "/users/me/prekeys").json());
        assertEquals("not_found", web.get(bob, "/users/@alice/prekeys").code());
    }

    @Test
    void readsUploadsStrictly() throws Exception {
        String good = "{\"identity_key\":\"aWs\"," + SIGNED + ",\"one_time_prekeys\":[%s]}";
        for (String prekeys : List.of(
                "{\"key_id\":1}",
                "{\"key\":\"x\"}",
                "{\"key_id\":1.5,\"key\":\"x\"}",
                "{\"key_id\":true,\"key\":\"x\"}",
                "{\"key_id\":[],\"key\":\"x\"}",
                "{\"key_id\":99999999999999999999,\"key\":\"x\"}",
                "{\"key_id\":\"\",\"key\":\"x\"}",
                "{\"key_id\":\"a b\",\"key\":\"x\"}",
                "{\"key_id\":\"" + "x".repeat(65) + "\",\"key\":\"x\"}",
                "{\"key_id\":1,\"key\":\"\"}",
                "{\"key_id\":1,\"key\":\"ä\"}",
                "{\"key_id\":1,\"key\":\"" + "x".repeat(Limits.PREKEY_CHARS_MAX + 1) + "\"}",
                "{\"key_id\":1,\"key\":\"x\",\"signature\":\"x\"}",
                "{\"key_id\":1,\"key\":\"x\"},{\"key_id\":1,\"key\":\"y\"}",
                "null")) {
            assertEquals("malformed", put(String.format(good, prekeys)).code(), prekeys);
        }
        String tooMany = Json.text(Keyring.oneTime(0, Limits.PREKEYS_MAX + 1));
        assertEquals(
                "malformed",
                put(String.format(good, tooMany.substring(1, tooMany.length() - 1)))
                        .code());
        assertEquals(0, keyring.rows());
    }

    @Test
    void theLargestUploadFits() throws Exception {
        String kyber = "k".repeat(2_092);
        String body = Json.text(Map.<String, Object>of(
                "identity_key",
                "x".repeat(44),
                "signed_prekey",
                Map.<String, Object>of("key_id", 1, "key", "x".repeat(44), "signature", "x".repeat(86)),
                "one_time_prekeys",
                Keyring.oneTime(0, Limits.PREKEYS_MAX),
                "kyber_prekeys",
                java.util.stream.IntStream.range(0, Limits.PREKEYS_MAX)
                        .mapToObj(id -> Map.<String, Object>of(
                                "key_id", id, "key", kyber, "signature", "s".repeat(4_412 - 300)))
                        .toList()));
        assertEquals(200, put(body).status(), body.length() + " characters");
    }
}
