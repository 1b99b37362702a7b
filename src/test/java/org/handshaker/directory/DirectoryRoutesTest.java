// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Username;
import org.handshaker.support.TestStore;
import org.handshaker.support.TestTime;
import org.handshaker.support.TestWeb;
import org.handshaker.support.TestWeb.Answered;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryRoutesTest {
    private static final String ARMOR = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
    private static final String FINGERPRINT = "F00D".repeat(10);

    @TempDir
    Path directoryOfTest;

    private final TestTime time = new TestTime();
    private TestStore store;
    private Directory directory;
    private TestWeb web;
    private Id alice;
    private Id bob;
    private Id friendOfBob;

    @BeforeEach
    void open() {
        store = new TestStore(directoryOfTest);
        directory = Directory.open(store.database(), store.vault());
        alice = create("alice", Listing.PREFIX);
        bob = create("bob", Listing.EXACT_NAME);
        friendOfBob = create("friend", Listing.EXACT_NAME);
        web = new TestWeb(new DirectoryRoutes(
                        directory,
                        (viewer, user) ->
                                viewer.equals(friendOfBob) && user.equals(bob) ? Optional.of(true) : Optional.empty())
                .routes());
    }

    @AfterEach
    void close() {
        web.close();
        store.close();
    }

    private Id create(String name, Listing listing) {
        return store.database().write(handle -> directory
                .create(handle, Id.random(), new Username(name), listing, time.instant())
                .id());
    }

    private void setKey(Id user, String armored, String fingerprint) {
        store.database().write(handle -> {
            directory.setKey(handle, user, armored, fingerprint, time.instant());
            return user;
        });
    }

    private Answered publicKeys(String body) throws Exception {
        return web.call("POST", alice, "/users/public-keys", body);
    }

    private static void assertProblem(int status, String code, Answered answered) {
        assertEquals(code, answered.code());
        assertEquals(status, answered.status());
    }

    @Test
    void searchAnswersNamesAndFingerprints() throws Exception {
        setKey(alice, ARMOR, FINGERPRINT);
        Map<String, Object> found = Map.<String, Object>of(
                "users", List.of(Map.<String, Object>of("username", "@alice", "fingerprint", FINGERPRINT)));
        assertEquals(found, web.get(bob, "/users/search?q=@ali").json());
        assertEquals(found, web.get(bob, "/users/search?q=%40Ali").json());
        assertEquals(
                Map.<String, Object>of("users", List.of(Map.<String, Object>of("username", "@bob"))),
                web.get(bob, "/users/search?q=bob").json());
        for (String nobody : List.of("", "al", "bo", "%00", "%F0%9F%92%A9", "nobody", "a".repeat(2_000))) {
            assertEquals(
                    Map.<String, Object>of("users", List.of()),
                    web.get(bob, "/users/search?q=" + nobody).json());
        }
        assertProblem(400, "malformed", web.get(bob, "/users/search"));
    }

    @Test
    void showsAUser() throws Exception {
        assertEquals(
                Map.<String, Object>of("username", "@alice"),
                web.get(bob, "/users/alice").json());
        setKey(alice, ARMOR, FINGERPRINT);
        assertEquals(
                Map.<String, Object>of(
                        "username",
                        "@alice",
                        "pgp_public_key",
                        ARMOR,
                        "fingerprint",
                        FINGERPRINT,
                        "key_changed_at",
                        "2026-01-15T00:00:00Z"),
                web.get(bob, "/users/@ALICE").json());
    }

    @Test
    void tellsOnlyAConnectionWhoIsOnline() throws Exception {
        assertFalse(web.get(alice, "/users/bob").json().containsKey("online"));
        assertFalse(web.get(bob, "/users/bob").json().containsKey("online"));
        assertEquals(true, web.get(friendOfBob, "/users/bob").json().get("online"));
    }

    @Test
    void showsAndChangesOnesOwnRecord() throws Exception {
        assertEquals(
                Map.<String, Object>of("username", "@bob", "discoverable", false, "presence_visible", true),
                web.get(bob, "/users/me").json());
        Answered changed = web.call("PATCH", bob, "/users/me", "{\"discoverable\":true}");
        assertEquals(200, changed.status());
        assertEquals(
                Map.<String, Object>of("username", "@bob", "discoverable", true, "presence_visible", true),
                changed.json());
        changed = web.call("PATCH", bob, "/users/me", "{\"presence_visible\":false}");
        assertEquals(
                Map.<String, Object>of("username", "@bob", "discoverable", true, "presence_visible", false),
                changed.json());
        assertEquals(changed.json(), web.call("PATCH", bob, "/users/me", "{}").json());
        assertEquals(changed.json(), web.get(bob, "/users/me").json());
        for (String body : List.of(
                "", "null", "[]", "{\"discoverable\":\"true\"}", "{\"discoverable\":1}", "{\"username\":\"eve\"}")) {
            assertProblem(400, "malformed", web.call("PATCH", bob, "/users/me", body));
        }
    }

    @Test
    void anAccountThatHasJustGoneIsNotSignedIn() throws Exception {
        store.database().write(handle -> {
            directory.remove(handle, bob);
            return bob;
        });
        assertProblem(401, "not_signed_in", web.get(bob, "/users/me"));
        assertProblem(401, "not_signed_in", web.call("PATCH", bob, "/users/me", "{\"discoverable\":true}"));
    }

    @Test
    void whoeverDoesNotExistIsNotFoundHoweverTheNameIsSpelled() throws Exception {
        for (String name : List.of("nobody", "x", "no%20name", "%F0%9F%92%A9", "@@bob", "a".repeat(40))) {
            assertProblem(404, "not_found", web.get(bob, "/users/" + name));
            assertProblem(404, "not_found", web.get(bob, "/users/" + name + "/public-key"));
        }
        assertProblem(404, "not_found", web.get(bob, "/users/alice/public-key"));
    }

    @Test
    void answersOneKey() throws Exception {
        setKey(alice, ARMOR, FINGERPRINT);
        assertEquals(
                Map.<String, Object>of("username", "@alice", "pgp_public_key", ARMOR, "fingerprint", FINGERPRINT),
                web.get(bob, "/users/alice/public-key").json());
    }

    @Test
    void answersManyKeysAndNullForThoseWithoutOne() throws Exception {
        setKey(alice, ARMOR, FINGERPRINT);
        Answered answered = publicKeys("{\"usernames\":[\"@Alice\",\"bob\",\"nobody\",\"alice\"]}");
        assertEquals(200, answered.status());
        assertEquals("{\"keys\":{\"@alice\":\"" + ARMOR + "\",\"@bob\":null,\"@nobody\":null}}", answered.text());
        assertEquals(
                Map.<String, Object>of("keys", Map.<String, Object>of()),
                publicKeys("{\"usernames\":[]}").json());
    }

    @Test
    void refusesMalformedListsOfNames() throws Exception {
        for (String body : List.of(
                "",
                "{}",
                "{\"usernames\":null}",
                "{\"usernames\":[null]}",
                "{\"usernames\":[1]}",
                "{\"usernames\":\"bob\"}")) {
            assertProblem(400, "malformed", publicKeys(body));
        }
        assertProblem(400, "bad_username", publicKeys("{\"usernames\":[\"no name\"]}"));
        List<String> tooMany = Collections.nCopies(Limits.PUBLIC_KEYS_PER_CALL_MAX + 1, "\"@bob\"");
        assertProblem(400, "malformed", publicKeys("{\"usernames\":[" + String.join(",", tooMany) + "]}"));
    }

    @Test
    void answersAHundredOfTheLargestKeysWhole() throws Exception {
        String armor = ARMOR + "k".repeat(Limits.PGP_KEY_BYTES_MAX - ARMOR.length());
        List<String> names = new ArrayList<>();
        for (int i = 0; i < Limits.PUBLIC_KEYS_PER_CALL_MAX; i++) {
            String name = "a_name_of_thirty_characters_" + (10 + i / 10) + i % 10;
            names.add(name.substring(name.length() - 30));
            setKey(create(names.get(i), Listing.EXACT_NAME), armor, FINGERPRINT);
        }
        String body = names.stream()
                .map(name -> "\"@" + name + "\"")
                .collect(Collectors.joining(",", "{\"usernames\":[", "]}"));
        Answered answered = publicKeys(body);
        assertEquals(200, answered.status());
        assertTrue(answered.json().get("keys") instanceof Map<?, ?> keys
                && keys.size() == 100
                && keys.values().stream().allMatch(armor::equals));
    }
}
