// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.handshaker.core.Setting;
import org.handshaker.support.Gpg;
import org.handshaker.support.OpenApi;
import org.handshaker.support.Puzzles;
import org.handshaker.support.TestWeb;
import org.handshaker.support.TestWeb.Answered;
import org.handshaker.web.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Section 1 of the contract through the real server; every answer is held against the documentation. */
final class AuthRoutesTest {
    private static final OpenApi CONTRACT = OpenApi.contract();

    @TempDir
    private Path path;

    private Household house;
    private TestWeb web;

    @BeforeEach
    void open() {
        house = new Household(path);
        web = new TestWeb(house.routes, house.sessions);
    }

    @AfterEach
    void close() {
        web.close();
        house.close();
    }

    private void reopenWith(Setting setting, String value) {
        close();
        house = new Household(path.resolve(value), Map.of(setting, value));
        web = new TestWeb(house.routes, house.sessions);
    }

    private Answered send(String method, @Nullable String token, String path, @Nullable Object body) throws Exception {
        Answered answered = web.send(method, token, path, body == null ? null : Json.text(body));
        int query = path.indexOf('?');
        String contentType = answered.text().isEmpty()
                ? null
                : answered.status() < 400 ? "application/json" : "application/problem+json";
        CONTRACT.check(
                method, query < 0 ? path : path.substring(0, query), answered.status(), contentType, answered.text());
        return answered;
    }

    private Answered post(String path, Object body) throws Exception {
        return send("POST", null, path, body);
    }

    private static void assertProblem(int status, String code, Answered answered) {
        assertEquals(code, answered.code(), answered.text());
        assertEquals(status, answered.status());
    }

    private static String text(Answered answered, String member) {
        return String.valueOf(answered.json().get(member));
    }

    private Answered register(String name) throws Exception {
        Answered registered = post("/auth/register", Map.of("username", name, "password", Household.PASSWORD));
        assertEquals(201, registered.status(), registered.text());
        return registered;
    }

    @Test
    void registersSignsInRefreshesAndSignsOut() throws Exception {
        Answered registered = register("@Alice");
        assertEquals("@alice", text(registered, "username"));
        assertEquals("bearer", text(registered, "token_type"));
        assertEquals(300, registered.json().get("expires_in"));
        assertEquals(10, ((List<?>) registered.json().getOrDefault("recovery_codes", List.of())).size());
        Map<String, Object> login = Map.of(
                "username", "alice", "password", Household.PASSWORD, "device_token", text(registered, "device_token"));
        Answered signedIn = post("/auth/login", login);
        assertEquals(200, signedIn.status(), signedIn.text());
        Map<String, Object> refresh = Map.of("refresh_token", text(signedIn, "refresh_token"), "retry_id", "1");
        Answered refreshed = post("/auth/refresh", refresh);
        assertEquals(200, refreshed.status(), refreshed.text());
        assertEquals(refreshed.text(), post("/auth/refresh", refresh).text());
        String token = text(refreshed, "access_token");
        Answered sessions = send("GET", token, "/auth/sessions", null);
        assertEquals(2, ((List<?>) sessions.json().getOrDefault("sessions", List.of())).size());
        assertEquals(204, send("POST", token, "/auth/logout", null).status());
        assertProblem(401, "not_signed_in", send("GET", token, "/auth/sessions", null));
        String other = text(registered, "access_token");
        assertEquals(
                204,
                send("POST", other, "/auth/logout", Map.of("everywhere", true)).status());
        assertProblem(401, "not_signed_in", send("GET", other, "/auth/sessions", null));
        assertProblem(401, "session_revoked", post("/auth/refresh", refresh));
    }

    @Test
    void dropsWhatEarlierClientsSendUnread() throws Exception {
        Map<String, Object> body = new HashMap<>(Map.of("username", "alice", "password", Household.PASSWORD));
        body.put("email", "alice@example.org");
        body.put("birthday", Map.of("year", 1990));
        assertEquals(201, post("/auth/register", body).status());
        assertFalse(house.store.filesHold("example.org"));
    }

    @Test
    void refusesToRegisterWithWhatIsWrong() throws Exception {
        register("alice");
        Map<String, Object> good = Map.of("username", "bobby", "password", Household.PASSWORD);
        assertProblem(409, "username_taken", post("/auth/register", with(good, "username", "ALICE")));
        assertProblem(400, "bad_username", post("/auth/register", with(good, "username", "b")));
        assertProblem(400, "bad_password", post("/auth/register", with(good, "password", "short")));
        assertProblem(400, "mail_disabled", post("/auth/register", with(good, "recovery_email", "b@example.org")));
        assertProblem(400, "bad_pgp_key", post("/auth/register", with(good, "pgp_public_key", "nonsense")));
        assertProblem(400, "malformed", post("/auth/register", with(good, "birth", "1990")));
        assertProblem(400, "malformed", post("/auth/register", with(good, "password", List.of("x"))));
        assertProblem(400, "malformed", post("/auth/register", with(good, "puzzle", 7)));
        assertProblem(400, "malformed", post("/auth/register", Map.of("username", "bobby")));
        reopenWith(Setting.REGISTRATION, "closed");
        assertProblem(403, "registration_closed", post("/auth/register", good));
        reopenWith(Setting.REGISTRATION, "invite");
        assertProblem(403, "invite_required", post("/auth/register", good));
    }

    private static Map<String, Object> with(Map<String, Object> body, String member, Object value) {
        Map<String, Object> changed = new HashMap<>(body);
        changed.put(member, value);
        return changed;
    }

    @Test
    void wrongNameAndWrongPasswordAnswerTheSameBytes() throws Exception {
        register("alice");
        Answered wrongPassword = post("/auth/login", Map.of("username", "alice", "password", "wrong horse"));
        Answered wrongName = post("/auth/login", Map.of("username", "nobody", "password", "wrong horse"));
        assertProblem(401, "bad_credentials", wrongPassword);
        assertEquals(wrongPassword, wrongName);
    }

    @Test
    void forgottenPasswordsLookAlikeForAllNames() throws Exception {
        register("alice");
        for (String name : List.of("alice", "nobody")) {
            Answered asked = post("/auth/forgot-password", Map.of("username", name, "device_token", "x"));
            assertEquals(202, asked.status());
            assertEquals(600, asked.json().get("expires_in"));
            Map<String, Object> reset = Map.of(
                    "username",
                    name,
                    "new_password",
                    "staple correct battery",
                    "reset_id",
                    text(asked, "reset_id"),
                    "otp",
                    "AAAAAAAAAAAAAAAA");
            assertProblem(401, "bad_otp", post("/auth/reset-password", reset));
        }
        assertProblem(
                400,
                "mail_disabled",
                post("/auth/forgot-password", Map.of("username", "alice", "recovery_email", "a@b.example")));
    }

    @Test
    void aKeyResetsThePasswordAndSignsIn() throws Exception {
        try (Gpg gpg = Gpg.beforeTestTime()) {
            String fingerprint = gpg.key("alice", "ed25519", "cv25519");
            Map<String, Object> body = Map.of(
                    "username", "alice", "password", Household.PASSWORD, "pgp_public_key", gpg.export(fingerprint));
            assertEquals(201, post("/auth/register", body).status());
            Answered asked = post("/auth/forgot-password", Map.of("username", "@alice"));
            Map<String, Object> reset = Map.of(
                    "username",
                    "alice",
                    "new_password",
                    "staple correct battery",
                    "reset_id",
                    text(asked, "reset_id"),
                    "otp",
                    gpg.decrypt(text(asked, "challenge")));
            assertEquals(204, post("/auth/reset-password", reset).status());
            Answered challenge = post("/auth/key-challenge", Map.of("username", "alice"));
            assertEquals(202, challenge.status());
            Map<String, Object> response = Map.of(
                    "username", "alice",
                    "challenge_id", text(challenge, "challenge_id"),
                    "response", gpg.decrypt(text(challenge, "challenge")));
            Answered signedIn = post("/auth/key-login", response);
            assertEquals(200, signedIn.status(), signedIn.text());
            assertProblem(401, "bad_otp", post("/auth/key-login", response));

            String token = text(signedIn, "access_token");
            String next = gpg.export(gpg.key("next", "rsa3072", "rsa3072"));
            Answered pending = send("PUT", token, "/auth/pgp-key", Map.of("pgp_public_key", next));
            assertEquals("2026-01-18T12:00:00Z", text(pending, "effective_at"));
            assertProblem(
                    409, "key_already_pending", send("PUT", token, "/auth/pgp-key", Map.of("pgp_public_key", next)));
            assertEquals(
                    204, send("DELETE", token, "/auth/pgp-key/pending", null).status());
            String signature = gpg.sign(fingerprint, next.getBytes(StandardCharsets.UTF_8));
            Answered changed =
                    send("PUT", token, "/auth/pgp-key", Map.of("pgp_public_key", next, "signature", signature));
            assertEquals("2026-01-15T12:00:00Z", text(changed, "effective_at"));
            assertProblem(
                    401,
                    "bad_credentials",
                    send("PUT", token, "/auth/pgp-key", Map.of("pgp_public_key", next, "current_password", "wrong")));
            assertProblem(
                    400,
                    "secret_key",
                    send("PUT", token, "/auth/pgp-key", Map.of("pgp_public_key", gpg.exportSecret(fingerprint))));
            String email = gpg.export(gpg.key("a@example.org", "ed25519", "cv25519"));
            assertProblem(
                    400, "user_id_reveals_email", send("PUT", token, "/auth/pgp-key", Map.of("pgp_public_key", email)));
            Map<String, Object> allowed = Map.of("pgp_public_key", email, "allow_user_ids", true);
            assertEquals(200, send("PUT", token, "/auth/pgp-key", allowed).status());
        }
    }

    @Test
    void theAccountIsInItsOwnersHands() throws Exception {
        Answered registered = register("alice");
        String token = text(registered, "access_token");
        Map<String, Object> password = Map.of("password", Household.PASSWORD);
        assertProblem(401, "bad_credentials", send("POST", token, "/auth/recovery-codes", Map.of("password", "wrong")));
        Answered codes = send("POST", token, "/auth/recovery-codes", password);
        assertNotEquals(registered.json().get("recovery_codes"), codes.json().get("recovery_codes"));
        Map<String, Object> change =
                Map.of("current_password", Household.PASSWORD, "new_password", "staple correct battery");
        assertEquals(204, send("PUT", token, "/auth/password", change).status());
        String code = String.valueOf(((List<?>) codes.json().getOrDefault("recovery_codes", List.of())).get(0));
        Map<String, Object> reset =
                Map.of("username", "alice", "new_password", Household.PASSWORD, "recovery_code", code);
        assertEquals(204, post("/auth/reset-password", reset).status());
        assertProblem(401, "bad_otp", post("/auth/reset-password", reset));
        assertProblem(401, "not_signed_in", send("POST", token, "/auth/recovery-codes", password));
        String fresh =
                text(post("/auth/login", Map.of("username", "alice", "password", Household.PASSWORD)), "access_token");
        assertProblem(404, "not_found", send("DELETE", fresh, "/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA", null));
        assertProblem(404, "not_found", send("DELETE", fresh, "/auth/sessions/x", null));
        assertProblem(401, "bad_credentials", send("DELETE", fresh, "/auth/account", Map.of("password", "wrong")));
        assertEquals(204, send("DELETE", fresh, "/auth/account", password).status());
        assertProblem(401, "not_signed_in", send("GET", fresh, "/auth/sessions", null));
    }

    @Test
    void aPuzzleIsHandedOutSolvedAndSpent() throws Exception {
        Answered idle = send("GET", null, "/auth/puzzle?for=login", null);
        assertEquals(false, idle.json().get("required"));
        assertProblem(400, "malformed", send("GET", null, "/auth/puzzle?for=else", null));
        assertProblem(400, "malformed", send("GET", null, "/auth/puzzle", null));
        reopenWith(Setting.PUZZLE, "always");
        Map<String, Object> body = Map.of("username", "alice", "password", Household.PASSWORD);
        Answered refused = post("/auth/register", body);
        assertProblem(401, "puzzle_required", refused);
        Map<?, ?> puzzle = (Map<?, ?>) refused.json().getOrDefault("puzzle", Map.of());
        String solution = Base64.getEncoder()
                .encodeToString(Json.text(Puzzles.solve(puzzle)).getBytes(StandardCharsets.UTF_8));
        assertEquals(201, post("/auth/register", with(body, "puzzle", solution)).status());
        assertProblem(401, "puzzle_required", post("/auth/register", with(body, "puzzle", solution)));
        assertProblem(401, "puzzle_required", post("/auth/login", with(body, "puzzle", "nonsense")));
        for (String open : List.of("/auth/forgot-password", "/auth/key-challenge")) {
            assertProblem(401, "puzzle_required", post(open, Map.of("username", "alice")));
        }
        Map<String, Object> reset =
                with(Map.of("username", "alice", "recovery_code", "x"), "new_password", "staple correct battery");
        assertProblem(401, "puzzle_required", post("/auth/reset-password", reset));
        Map<String, Object> response =
                Map.of("username", "alice", "challenge_id", "AAAAAAAAAAAAAAAAAAAAAA", "response", "AAAAAAAAAAAAAAAA");
        assertProblem(401, "puzzle_required", post("/auth/key-login", response));
        Answered other = send("GET", null, "/auth/puzzle?for=login", null);
        assertEquals(true, other.json().get("required"));
        assertEquals(
                200,
                post("/auth/login", with(body, "puzzle", Puzzles.solve(other.json())))
                        .status());
    }

    @Test
    void namesAndPasswordsThatCannotBeAreRefusedWhereverTheyAreGiven() throws Exception {
        String token = text(register("alice"), "access_token");
        // Half a character: no text has it, and no hash may be made of it.
        String noPassword = "twelve chars \\ud800";
        for (String call : List.of(
                "POST /auth/login {'username':'alice','password':'%s'}",
                "POST /auth/recovery-codes {'password':'%s'}", "DELETE /auth/account {'password':'%s'}")) {
            String[] words = call.split(" ", 3);
            String body = words[2].replace('\'', '"').replace("%s", noPassword);
            Answered answered = raw(words[0], token, words[1], body);
            assertProblem(400, "bad_password", answered);
        }
        for (String call : List.of(
                "/auth/forgot-password {'username':'a'}",
                "/auth/reset-password {'username':'a','new_password':'staple correct battery','recovery_code':'x'}",
                "/auth/key-challenge {'username':'a'}",
                "/auth/key-login {'username':'a','challenge_id':'AAAAAAAAAAAAAAAAAAAAAA','response':'AAAAAAAAAAAAAAAA'}")) {
            String[] words = call.split(" ", 2);
            assertProblem(400, "bad_username", raw("POST", null, words[0], words[1].replace('\'', '"')));
        }
    }

    private Answered raw(String method, @Nullable String token, String path, String body) throws Exception {
        return web.send(method, token, path, body);
    }

    @Test
    void takesNoSecretKeyNoAddressAndNoKeyWithoutThePassword() throws Exception {
        try (Gpg gpg = Gpg.beforeTestTime()) {
            Map<String, Object> good = Map.of("username", "bobby", "password", Household.PASSWORD);
            String fingerprint = gpg.key("bobby", "ed25519", "cv25519");
            assertProblem(
                    400,
                    "secret_key",
                    post("/auth/register", with(good, "pgp_public_key", gpg.exportSecret(fingerprint))));
            String address = gpg.export(gpg.key("b@example.org", "ed25519", "cv25519"));
            assertProblem(400, "user_id_reveals_email", post("/auth/register", with(good, "pgp_public_key", address)));
            String token = text(register("alice"), "access_token");
            String body = Json.text(Map.of("pgp_public_key", gpg.export(fingerprint), "current_password", "HALF"));
            assertProblem(400, "bad_password", raw("PUT", token, "/auth/pgp-key", body.replace("HALF", "\\ud800")));
        }
    }

    @Test
    void everythingOfOnesOwnNeedsAToken() throws Exception {
        for (String call : List.of(
                "POST /auth/logout",
                "PUT /auth/password",
                "PUT /auth/pgp-key",
                "DELETE /auth/pgp-key/pending",
                "POST /auth/recovery-codes",
                "PUT /auth/recovery-email",
                "DELETE /auth/recovery-email",
                "GET /auth/sessions",
                "DELETE /auth/sessions/AAAAAAAAAAAAAAAAAAAAAA",
                "DELETE /auth/account")) {
            int space = call.indexOf(' ');
            Answered answered = send(call.substring(0, space), null, call.substring(space + 1), null);
            assertProblem(401, "not_signed_in", answered);
        }
        assertTrue(house.routes.size() == 18);
    }
}
