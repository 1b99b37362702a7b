// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Username;
import org.handshaker.directory.Listing;
import org.handshaker.support.TestWeb;
import org.handshaker.support.TestWeb.Answered;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectionRoutesTest {
    private static final String ARMOR = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
    private static final String FINGERPRINT = "F00D".repeat(10);

    @TempDir
    Path directory;

    private final Set<Id> online = ConcurrentHashMap.newKeySet();
    private People people;
    private TestWeb web;

    @BeforeEach
    void open() {
        people = new People(directory);
        people.user("alice");
        people.user("bob");
        web = new TestWeb(new ConnectionRoutes(people.connections, people.directory, online::contains).routes());
    }

    @AfterEach
    void close() {
        web.close();
        people.close();
    }

    private Answered get(String user, String path) throws Exception {
        return web.get(people.id(user), path);
    }

    private Answered post(String user, String path, String body) throws Exception {
        return web.call("POST", people.id(user), path, body);
    }

    private Answered call(String method, String user, String path) throws Exception {
        return web.call(method, people.id(user), path, null);
    }

    @Test
    void aFullHouseIsToldBy429() throws Exception {
        String ask = "{\"to_user\":\"bob\"}";
        assertEquals(201, post("alice", "/connections/request", ask).status());
        Object id = people.incoming("bob").get(0).id().text();
        ConnectionStore connections = new ConnectionStore(people.store.vault());
        BlockStore blocks = new BlockStore(people.store.vault());
        people.store.database().write(handle -> {
            for (int i = 0; i < Limits.CONNECTIONS_PER_USER_MAX; i++) {
                connections.connect(handle, people.id("bob"), Id.random());
            }
            // Of people who are there: entries of the gone would make room.
            for (int i = 0; i < Limits.BLOCKS_PER_USER_MAX; i++) {
                Username name = new Username("blocked" + i);
                Id blocked = people.directory
                        .create(handle, Id.random(), name, Listing.EXACT_NAME, people.time.instant())
                        .id();
                blocks.add(handle, people.id("bob"), blocked);
            }
            return id;
        });
        people.user("carol");
        assertProblem(
                429,
                "too_many_connections",
                post("bob", "/connections/respond", "{\"request_id\":\"" + id + "\",\"action\":\"accept\"}"));
        assertProblem(429, "too_many_connections", post("bob", "/connections/request", "{\"to_user\":\"carol\"}"));
        assertProblem(
                429,
                "too_many_blocks",
                post("bob", "/connections/respond", "{\"request_id\":\"" + id + "\",\"action\":\"block\"}"));
        assertProblem(429, "too_many_blocks", call("PUT", "bob", "/connections/blocks/carol"));
        for (int i = 0; i < Limits.REQUESTS_PENDING_MAX - 1; i++) {
            people.ask("alice", "blocked" + i);
        }
        assertProblem(
                429, "too_many_requests_pending", post("alice", "/connections/request", "{\"to_user\":\"carol\"}"));
    }

    @Test
    void twoUsersConnectAndPart() throws Exception {
        Answered asked = post("alice", "/connections/request", "{\"to_user\":\"BOB\",\"intro\":\"words\"}");
        assertEquals(201, asked.status());
        Object requestId = asked.json().get("request_id");
        assertEquals(
                Map.<String, Object>of(
                        "request_id", requestId,
                        "from_user", "@alice",
                        "to_user", "@bob",
                        "status", "pending",
                        "expires_at", "2026-01-22T12:00:00Z"),
                asked.json());

        assertEquals(
                Map.<String, Object>of(
                        "incoming",
                        List.of(Map.<String, Object>of(
                                "request_id", requestId,
                                "from_user", "@alice",
                                "intro", "words",
                                "expires_at", "2026-01-22T12:00:00Z")),
                        "outgoing",
                        List.of()),
                get("bob", "/connections/pending").json());
        assertEquals(
                Map.<String, Object>of(
                        "incoming",
                        List.of(),
                        "outgoing",
                        List.of(Map.<String, Object>of(
                                "request_id", requestId, "to_user", "@bob", "expires_at", "2026-01-22T12:00:00Z"))),
                get("alice", "/connections/pending").json());

        Answered answered =
                post("bob", "/connections/respond", "{\"request_id\":\"" + requestId + "\",\"action\":\"accept\"}");
        assertEquals(200, answered.status());
        assertEquals(
                Map.<String, Object>of(
                        "request_id", requestId, "from_user", "@alice", "to_user", "@bob", "status", "accepted"),
                answered.json());

        Map<String, Object> list = Map.<String, Object>of(
                "connections", List.of(Map.<String, Object>of("username", "@bob", "online", false)));
        for (String path : List.of("/connections/", "/connections", "/connections/list")) {
            assertEquals(list, get("alice", path).json());
        }

        assertEquals(204, call("DELETE", "alice", "/connections/@bob").status());
        assertEquals(
                Map.<String, Object>of("connections", List.of()),
                get("bob", "/connections/").json());
        assertEquals(404, call("DELETE", "alice", "/connections/bob").status());
    }

    @Test
    void theListTellsFingerprintsAndWhoShowsToBeOnline() throws Exception {
        people.connect("alice", "bob");
        people.user("carol");
        people.connect("alice", "carol");
        people.store.database().write(handle -> {
            people.directory.setKey(handle, people.id("bob"), ARMOR, FINGERPRINT, people.time.instant());
            return handle;
        });
        people.directory.change(people.id("carol"), null, false);
        online.addAll(List.of(people.id("bob"), people.id("carol")));
        assertEquals(
                Map.<String, Object>of(
                        "connections",
                        List.of(
                                Map.<String, Object>of("username", "@bob", "fingerprint", FINGERPRINT, "online", true),
                                Map.<String, Object>of("username", "@carol", "online", false))),
                get("alice", "/connections/").json());
    }

    @Test
    void crossingRequestsAnswerAccepted() throws Exception {
        post("alice", "/connections/request", "{\"to_user\":\"@bob\"}");
        Answered crossing = post("bob", "/connections/request", "{\"to_user\":\"@alice\"}");
        assertEquals(201, crossing.status());
        assertEquals("accepted", crossing.json().get("status"));
        assertEquals("@bob", crossing.json().get("from_user"));
        assertEquals("@alice", crossing.json().get("to_user"));
    }

    @Test
    void declineAndRejectAreTheSameWord() throws Exception {
        for (String action : List.of("decline", "reject")) {
            Object id = post("alice", "/connections/request", "{\"to_user\":\"@bob\"}")
                    .json()
                    .get("request_id");
            Answered answered = post(
                    "bob", "/connections/respond", "{\"request_id\":\"" + id + "\",\"action\":\"" + action + "\"}");
            assertEquals("declined", answered.json().get("status"));
        }
    }

    @Test
    void blocksAreListedAndLifted() throws Exception {
        people.connect("alice", "bob");
        assertEquals(204, call("PUT", "alice", "/connections/blocks/@bob").status());
        assertEquals(204, call("PUT", "alice", "/connections/blocks/@bob").status());
        assertEquals(
                Map.<String, Object>of("blocked", List.of("@bob")),
                get("alice", "/connections/blocks").json());
        assertEquals(
                Map.<String, Object>of("connections", List.of()),
                get("alice", "/connections/").json());
        assertEquals(204, call("DELETE", "alice", "/connections/blocks/bob").status());
        assertEquals(
                Map.<String, Object>of("blocked", List.of()),
                get("alice", "/connections/blocks").json());

        Object id = post("bob", "/connections/request", "{\"to_user\":\"@alice\"}")
                .json()
                .get("request_id");
        Answered blocked =
                post("alice", "/connections/respond", "{\"request_id\":\"" + id + "\",\"action\":\"block\"}");
        assertEquals("blocked", blocked.json().get("status"));
        assertEquals(
                Map.<String, Object>of("blocked", List.of("@bob")),
                get("alice", "/connections/blocks").json());
    }

    @Test
    void refusesWithTheContractsCodes() throws Exception {
        assertProblem(400, "not_with_yourself", post("alice", "/connections/request", "{\"to_user\":\"alice\"}"));
        assertProblem(400, "bad_username", post("alice", "/connections/request", "{\"to_user\":\"no name\"}"));
        assertProblem(404, "not_found", post("alice", "/connections/request", "{\"to_user\":\"nobody\"}"));
        post("alice", "/connections/request", "{\"to_user\":\"bob\"}");
        assertProblem(409, "already_requested", post("alice", "/connections/request", "{\"to_user\":\"bob\"}"));
        post("bob", "/connections/request", "{\"to_user\":\"alice\"}");
        assertProblem(409, "already_connected", post("alice", "/connections/request", "{\"to_user\":\"bob\"}"));
        assertProblem(400, "not_with_yourself", call("PUT", "alice", "/connections/blocks/alice"));
        for (String unknown : List.of("nobody", "x", "no%20name", "%F0%9F%92%A9", "@@bob", "a".repeat(40))) {
            assertProblem(404, "not_found", call("DELETE", "alice", "/connections/" + unknown));
            assertProblem(404, "not_found", call("PUT", "alice", "/connections/blocks/" + unknown));
            assertProblem(404, "not_found", call("DELETE", "alice", "/connections/blocks/" + unknown));
        }
    }

    @Test
    void refusesMalformedBodies() throws Exception {
        for (String body : List.of(
                "",
                "null",
                "[]",
                "{}",
                "{\"to_user\":null}",
                "{\"to_user\":7}",
                "{\"to_user\":\"@bob\",\"intro\":7}",
                "{\"to_user\":\"@bob\",\"x\":1}",
                "{\"to_user\":\"@bob\"} x",
                "{\"to_user\":\"@bob\",\"to_user\":\"@bob\"}",
                "{\"to_user\":\"@bob\",\"intro\":\"\\ud800\"}",
                "{\"to_user\":\"@bob\",\"intro\":\"" + "x".repeat(2_049) + "\"}")) {
            assertProblem(400, "malformed", post("alice", "/connections/request", body));
        }
        for (String body : List.of(
                "{\"request_id\":\"AAAAAAAAAAAAAAAAAAAAAA\"}",
                "{\"action\":\"accept\"}",
                "{\"request_id\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"action\":\"ACCEPT\"}",
                "{\"request_id\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"action\":\"\"}",
                "{\"request_id\":1,\"action\":\"accept\"}")) {
            assertProblem(400, "malformed", post("alice", "/connections/respond", body));
        }
        for (String id :
                List.of("", "x", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", "../../../../etc/passwd")) {
            assertProblem(
                    404,
                    "not_found",
                    post("alice", "/connections/respond", "{\"request_id\":\"" + id + "\",\"action\":\"accept\"}"));
        }
        assertTrue(people.outgoing("alice").isEmpty());
    }

    @Test
    void takesTheLongestIntroHoweverItIsEscaped() throws Exception {
        String escaped = "\\u20ac".repeat(2_048);
        assertEquals(
                201,
                post("alice", "/connections/request", "{\"to_user\":\"@bob\",\"intro\":\"" + escaped + "\"}")
                        .status());
        assertEquals("€".repeat(2_048), people.incoming("bob").get(0).intro());
    }

    private static void assertProblem(int status, String code, Answered answered) {
        assertEquals(code, answered.code());
        assertEquals(status, answered.status());
    }
}
