// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.handshaker.core.Id;
import org.handshaker.support.Gpg;
import org.handshaker.support.OpenApi;
import org.handshaker.support.Program;
import org.handshaker.support.RawHttp;
import org.handshaker.support.SmallDisk;
import org.handshaker.web.Json;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The worst that a disk can do: no free byte, and no reserve either, because the relay was started when there was no room to
 * make one. Every call that writes says so as the contract documents it, and none that only reads does.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EveryRouteWithoutRoomTest {
    private static final OpenApi CONTRACT = OpenApi.contract();
    private static final long LEFT_FOR_THE_START_BYTES = 4L * 1_024 * 1_024;
    private static final String NOBODY = "";
    private static final String PASSWORD = Json.text(Map.of("password", RawHttp.PASSWORD));

    private static final String PREKEYS = "{\"identity_key\":\"aWs\",\"signed_prekey\":{\"key_id\":1,\"key\":\"c3Br\","
            + "\"signature\":\"c2ln\"},\"one_time_prekeys\":[{\"key_id\":1,\"key\":\"b25l\"}]}";

    private SmallDisk disk;
    private Program relay;
    private RawHttp http;
    private Path directory;
    /** Alice's. */
    private String token;

    /** Calls that would write, by operation. */
    private final Map<String, Call> writing = new HashMap<>();

    private record Call(String token, String target, String body) {}

    /** An operation that prints well in a report. */
    record Named(OpenApi.Operation operation) {
        @Override
        public String toString() {
            return operation.method() + " " + operation.path();
        }
    }

    @BeforeAll
    void fillTheDiskUnderARelayInUse(@TempDir Path temporary) throws IOException {
        directory = temporary;
        disk = SmallDisk.mount(Files.createDirectory(directory.resolve("disk")), 64);
        start();
        try (Gpg gpg = Gpg.open()) {
            live(gpg);
        }
        relay.terminate();
        assertEquals(0, relay.awaitExit(10));
        Files.delete(disk.path("data/reserve"));
        disk.fillAllBut(LEFT_FOR_THE_START_BYTES);
        start();
        disk.fill();
        assertEquals(0, disk.freeBytes());
    }

    private void start() throws IOException {
        relay = Program.startIn(
                disk.entering(),
                Files.createTempFile(directory, "relay", ".err"),
                "serve",
                "--tor=none",
                "--listen=127.0.0.1:0",
                "--limits=off",
                "--puzzle=off",
                "--argon2=m=1024,t=1,p=1",
                "--linger=0s",
                // Nobody listens there: no mail is asked for.
                "--tor-socks=127.0.0.1:9",
                "--mail-server=smtps://mail.example.org",
                "--mail-from=codes@example.org",
                "--data=" + disk.inside("data"),
                "--key-file=" + directory.resolve("key"));
        http = new RawHttp(relay.awaitLine("ready ", 60).substring("ready ".length()));
    }

    /** What must be there for each call to come as far as the disk. */
    private void live(Gpg gpg) {
        String key = gpg.export(gpg.key("alice", "ed25519", "cv25519"));
        Map<String, Object> alice =
                register("alice", Map.of("pgp_public_key", key, "recovery_email", "alice@example.org"));
        token = text(alice, "access_token");
        String bob = text(register("bob", Map.of()), "access_token");
        String carol = text(register("carol", Map.of()), "access_token");
        String dave = text(register("dave", Map.of()), "access_token");
        request(bob, token, true);
        request(carol, token, false);
        Map<String, Object> second = ok(NOBODY, "POST", "/auth/login", login());
        String next = gpg.export(gpg.key("next", "ed25519", "cv25519"));
        ok(token, "PUT", "/auth/pgp-key", Json.text(Map.of("pgp_public_key", next)));
        ok(token, "PUT", "/connections/blocks/@dave", "");
        Map<String, Object> challenge = ok(NOBODY, "POST", "/auth/key-challenge", "{\"username\":\"alice\"}");
        ok(bob, "POST", "/signaling/send", "{\"to_user\":\"@alice\",\"type\":\"offer\",\"encrypted_payload\":\"eA\"}");
        String seq = text(first(ok(token, "GET", "/signaling/poll", ""), "messages"), "seq");
        String pending = text(first(ok(token, "GET", "/connections/pending", ""), "incoming"), "request_id");

        ok(token, "PUT", "/push/subscription", "{\"endpoint\":\"https://push.somewhere.net/a\"}");
        put("PUT /push/subscription", token, "{\"endpoint\":\"https://push.somewhere.net/b\"}");
        put("DELETE /push/subscription", token, "");
        put("POST /auth/register", NOBODY, Json.text(Map.of("username", "erin", "password", RawHttp.PASSWORD)));
        put("POST /auth/login", NOBODY, login());
        put("POST /auth/refresh", NOBODY, Json.text(Map.of("refresh_token", text(second, "refresh_token"))));
        put("POST /auth/logout", token, "");
        put("PUT /auth/password", token, passwords());
        put("PUT /auth/pgp-key", bob, Json.text(Map.of("pgp_public_key", next)));
        put("DELETE /auth/pgp-key/pending", token, "");
        put("POST /auth/forgot-password", NOBODY, "{\"username\":\"alice\"}");
        put("POST /auth/reset-password", NOBODY, recovery(alice));
        put("POST /auth/key-login", NOBODY, answer(gpg, challenge));
        put("POST /auth/recovery-codes", token, PASSWORD);
        put(
                "PUT /auth/recovery-email",
                token,
                Json.text(Map.of("password", RawHttp.PASSWORD, "recovery_email", "new@example.org")));
        put("DELETE /auth/recovery-email", token, PASSWORD);
        put("DELETE /auth/account", token, PASSWORD);
        put("PATCH /users/me", token, "{\"discoverable\":true}");
        ok(bob, "PUT", "/users/me/prekeys", PREKEYS);
        put("PUT /users/me/prekeys", token, PREKEYS);
        writing.put("GET /users/{username}/prekeys", new Call(token, "/users/@bob/prekeys", ""));
        String group = text(ok(token, "POST", "/groups", ""), "group_id");
        ok(token, "POST", "/groups/" + group + "/members", "{\"username\":\"@bob\"}");
        put("POST /groups", token, "");
        String members = "/groups/" + group + "/members";
        writing.put("DELETE /groups/{group_id}", new Call(token, "/groups/" + group, ""));
        writing.put("POST /groups/{group_id}/members", new Call(token, members, "{\"username\":\"@dave\"}"));
        String memberRoute = " /groups/{group_id}/members/{username}";
        writing.put("PUT" + memberRoute, new Call(token, members + "/@bob", "{\"role\":\"admin\"}"));
        writing.put("DELETE" + memberRoute, new Call(token, members + "/@bob", ""));
        writing.put(
                "POST /groups/{group_id}/epoch",
                new Call(token, "/groups/" + group + "/epoch", "{\"sealed_keys\":{\"@bob\":\"eA\"}}"));
        String making = "{\"kind\":\"connection\",\"uses\":1,\"expires_in\":60000}";
        Map<String, Object> invite = ok(bob, "POST", "/invites", making);
        put("POST /invites", token, making);
        put("POST /invites/redeem", dave, Json.text(Map.of("invite", text(invite, "invite"))));
        writing.put("DELETE /invites/{invite_id}", new Call(bob, "/invites/" + text(invite, "invite_id"), ""));
        put("POST /connections/request", dave, "{\"to_user\":\"@carol\"}");
        put("POST /connections/respond", token, Json.text(Map.of("request_id", pending, "action", "accept")));
        String sleeping = text(first(ok(token, "GET", "/auth/sessions", ""), "sessions"), "session_id");
        writing.put("DELETE /auth/sessions/{session_id}", new Call(token, "/auth/sessions/" + sleeping, ""));
        writing.put("DELETE /connections/{username}", new Call(token, "/connections/@bob", ""));
        writing.put("PUT /connections/blocks/{username}", new Call(token, "/connections/blocks/@carol", ""));
        writing.put("DELETE /connections/blocks/{username}", new Call(token, "/connections/blocks/@dave", ""));
        put("POST /signaling/send", token, "{\"to_user\":\"@bob\",\"type\":\"offer\",\"encrypted_payload\":\"eA\"}");
        put("POST /events", token, "{\"to_user\":\"@bob\",\"kind\":\"message\",\"payload\":\"eA\"}");
        put("POST /events/ack", token, "{\"up_to\":" + seq + "}");
        put("DELETE /signaling/clear", token, "");
        writing.put("GET /signaling/poll", new Call(token, "/signaling/poll?ack=" + seq, ""));
        writing.put("GET /events", new Call(token, "/events?ack=" + seq, ""));
    }

    private void put(String operation, String token, String body) {
        writing.put(operation, new Call(token, operation.substring(operation.indexOf(' ') + 1), body));
    }

    private Map<String, Object> register(String name, Map<String, String> more) {
        Map<String, String> body = new HashMap<>(more);
        body.put("username", name);
        body.put("password", RawHttp.PASSWORD);
        return ok(NOBODY, "POST", "/auth/register", Json.text(body));
    }

    private void request(String from, String to, boolean accepted) {
        ok(from, "POST", "/connections/request", "{\"to_user\":\"@alice\"}");
        if (accepted) {
            String id = text(first(ok(to, "GET", "/connections/pending", ""), "incoming"), "request_id");
            ok(to, "POST", "/connections/respond", Json.text(Map.of("request_id", id, "action", "accept")));
        }
    }

    private static String login() {
        return Json.text(Map.of("username", "alice", "password", RawHttp.PASSWORD));
    }

    private static String passwords() {
        return Json.text(Map.of("current_password", RawHttp.PASSWORD, "new_password", "staple correct battery"));
    }

    private static String recovery(Map<String, Object> registered) {
        return Json.text(Map.of(
                "username",
                "alice",
                "new_password",
                "staple correct battery",
                "recovery_code",
                ((List<?>) registered.getOrDefault("recovery_codes", List.of())).get(0)));
    }

    private static String answer(Gpg gpg, Map<String, Object> challenge) {
        return Json.text(Map.of(
                "username",
                "alice",
                "challenge_id",
                text(challenge, "challenge_id"),
                "response",
                gpg.decrypt(text(challenge, "challenge"))));
    }

    private Map<String, Object> ok(String token, String method, String target, String body) {
        RawHttp.Answer answer = send(new Call(token, target, body), method);
        assertEquals(2, answer.status() / 100, target + " " + answer.body().strip());
        return answer.body().isBlank() ? Map.of() : Json.map(answer.body().strip());
    }

    private RawHttp.Answer send(Call call, String method) {
        RawHttp.Request request =
                http.request(method, call.target()).token(call.token().isEmpty() ? null : call.token());
        return (call.body().isEmpty() ? request : request.json(call.body())).send();
    }

    private static String text(Map<String, Object> json, String member) {
        return String.valueOf(json.get(member));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> first(Map<String, Object> json, String member) {
        return ((List<Map<String, Object>>) json.getOrDefault(member, List.of())).get(0);
    }

    @AfterAll
    void stop() {
        if (relay != null) {
            relay.close();
        }
        if (disk != null) {
            disk.close();
        }
    }

    private static Stream<Named> operations() {
        // An alias under /api is the very same call.
        return CONTRACT.operations().stream()
                .filter(operation -> !operation.path().startsWith(EarlierPaths.BEFORE + "/"))
                .map(Named::new);
    }

    private static Stream<Named> writers() {
        return operations().filter(EveryRouteWithoutRoomTest::documents);
    }

    private static Stream<Named> readers() {
        return operations().filter(named -> !documents(named));
    }

    private static boolean documents(Named named) {
        return CONTRACT.at(named.operation.pointer() + "/responses").has("507");
    }

    @ParameterizedTest
    @MethodSource("writers")
    void saysThatThereIsNoRoomWhereItIsDocumented(Named named) {
        Call call = writing.get(named.toString());
        assertNotNull(call, "no call is known that would write");
        send(call, named.operation.method()).assertRefused(507, "storage_full");
    }

    /** An answer that the contract does not know fails by itself. */
    @ParameterizedTest
    @MethodSource("readers")
    void andAnswersWhereItIsNot(Named named) {
        String target = named.operation
                .path()
                .replace("{username}", "@bob")
                .replace("{session_id}", Id.random().text())
                .replace("{room}", Id.random().text())
                .replace("{group_id}", Id.random().text())
                .replace("{invite_id}", Id.random().text());
        String query =
                Map.of("/auth/puzzle", "?for=login", "/users/search", "?q=bob").getOrDefault(target, "");
        String body = Map.of(
                        "/auth/key-challenge", "{\"username\":\"alice\"}",
                        "/users/public-keys", "{\"usernames\":[\"@bob\"]}")
                .getOrDefault(target, "");
        Call call = new Call(token, target + query, body);
        assertNotEquals(507, send(call, named.operation.method()).status());
    }

    @Test
    void noCallIsListedThatIsNotDocumented() {
        TreeSet<String> listed = new TreeSet<>(writing.keySet());
        assertEquals(writers().map(Named::toString).collect(Collectors.toCollection(TreeSet::new)), listed);
    }
}
