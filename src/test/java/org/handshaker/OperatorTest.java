// SPDX-License-Identifier: MIT
package org.handshaker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.handshaker.core.Limits;
import org.handshaker.support.Await;
import org.handshaker.support.OperatorSocket;
import org.handshaker.support.Program;
import org.handshaker.support.Puzzles;
import org.handshaker.support.RawHttp;
import org.handshaker.support.RawSocket;
import org.handshaker.web.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The operator at the real program: over the socket beside it, and by the commands that speak to that socket. */
final class OperatorTest {
    /** Whatever the status says that is no number. */
    private static final Set<String> WORDS =
            Set.of("ok", "open", "invite", "closed", "off", "auto", "always", "none", "under_way", "done", "failed");

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path directory;

    private Path socket;
    private OperatorSocket operator;
    private Program relay;
    private String address;
    private RawHttp http;

    @BeforeEach
    void startTheRelay() throws IOException {
        socket = directory.resolve("admin.sock");
        operator = new OperatorSocket(socket);
        start();
    }

    private void start() throws IOException {
        relay = Program.start(
                Files.createTempFile(directory, "relay", ".err"),
                "serve",
                "--tor=none",
                "--argon2=m=1024,t=1,p=1",
                "--listen=127.0.0.1:0",
                // Longer than any test: what is not acked stays in memory.
                "--linger=30s",
                "--admin=unix:" + socket,
                "--data=" + directory.resolve("data"),
                "--key-file=" + directory.resolve("key"));
        address = relay.awaitLine("ready ", 60).substring("ready ".length());
        http = new RawHttp(address);
    }

    @AfterEach
    void endTheRelay() {
        relay.close();
    }

    @Test
    void nothingIsDoneWithoutTheTokenThatLiesBesideTheSocketForTheRelaysUserAlone() throws IOException {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(operator.tokenFile())));
        String user = http.signUp("alice");
        String real = operator.token();
        assertEquals(43, real.length());
        String page = Files.readString(Path.of("docs", "operations.md"));
        for (String[] call : calls()) {
            String named = "`" + call[0] + " " + call[1].replace("@alice", "{username}") + "`";
            assertTrue(page.contains(named), named);
            for (String token : new String[] {null, "", user, real.substring(1), real + "A", "A".repeat(43)}) {
                operator.call(call[0], call[1], "{}", token).assertRefused(401, "not_signed_in");
            }
            // At the listener that is tor's these are paths like any other.
            http.request(call[0], call[1]).token(real).sendUnchecked().assertRefused(404, "not_found");
        }
        operator.call("GET", "/users/me", null).assertRefused(404, "not_found");
        operator.call("GET", "/health", null).assertRefused(404, "not_found");
        assertEquals(201, register("bob").status(), "and nothing was done");

        relay.terminate();
        assertEquals(0, relay.awaitExit(10));
        assertFalse(Files.exists(operator.tokenFile()));
        start();
        operator.call("GET", "/admin/status", null, real).assertRefused(401, "not_signed_in");
    }

    /** Every call there is. */
    private static List<String[]> calls() {
        return List.of(
                new String[] {"GET", "/admin/status"},
                new String[] {"PUT", "/admin/registration"},
                new String[] {"PUT", "/admin/puzzle"},
                new String[] {"POST", "/admin/invites"},
                new String[] {"PUT", "/admin/suspensions/@alice"},
                new String[] {"DELETE", "/admin/suspensions/@alice"},
                new String[] {"DELETE", "/admin/accounts/@alice"},
                new String[] {"POST", "/admin/announcement"},
                new String[] {"POST", "/admin/drain"},
                new String[] {"POST", "/admin/panic"});
    }

    @Test
    void aSecondRelayThatFindsTheSocketTakenLeavesItsTokenAlone() throws IOException {
        String token = operator.token();
        try (Program second = Program.start(
                directory.resolve("second.err"),
                "serve",
                "--tor=none",
                "--listen=127.0.0.1:0",
                "--admin=unix:" + socket,
                "--data=" + directory.resolve("other"),
                "--key-file=" + directory.resolve("other.key"))) {
            assertEquals(2, second.awaitExit(60));
        }
        assertEquals(token, operator.token());
        operator.status();
    }

    @Test
    void theStatusIsNumbersAndWordsAboutTheRelayAndNamesNobody() throws IOException {
        String token = http.signUp("alice");
        signIn("alice", "not her password").assertRefused(401, "bad_credentials");
        try (RawSocket hers = RawSocket.open(address, token)) {
            hers.send(
                    "{\"type\":\"send\",\"id\":\"1\",\"to_user\":\"@nobody_here\",\"kind\":\"chat\",\"payload\":\"\"}");
            assertEquals("refused", hers.next().path("type").asText());
            JsonNode status = operator.status();
            assertNumbersAndWords("", status);
            assertFalse(status.toString().contains("alice"));
            assertEquals(1, status.path("accounts").asInt());
            assertEquals(1, status.path("sockets").asInt());
            assertEquals(1, status.path("refusals").path("bad_credentials").asInt());
            assertEquals(1, status.path("refusals").path("not_connected").asInt());
            assertEquals(0, status.path("hashes_running").asInt());
            assertTrue(status.path("memory").path("resident_bytes").asLong() > 1_000_000);
            assertEquals(-1, status.path("onion").path("pow_effort_max").asInt());

            run(0, "status");
            assertTrue(said(out).contains("accounts 1\n"), said(out));
            assertTrue(said(out).contains("\nrefusals.bad_credentials 1\n"), said(out));
        }
    }

    private static void assertNumbersAndWords(String path, JsonNode node) {
        if (node.isObject()) {
            node.properties().forEach(field -> assertNumbersAndWords(path + "." + field.getKey(), field.getValue()));
        } else {
            assertTrue(node.isNumber() || node.isBoolean() || WORDS.contains(node.asText()), path + ": " + node);
        }
    }

    @Test
    void registrationIsClosedAndOpenedWhileTheRelayRuns() throws IOException {
        run(0, "registration", "closed");
        register("alice").assertRefused(403, "registration_closed");
        assertEquals("closed", operator.status().path("registration").asText());
        run(0, "registration", "invite");
        register("alice").assertRefused(403, "invite_required");
        run(0, "registration", "open");
        assertEquals(201, register("alice").status());
        assertEquals("", said(out), "there is nothing to read for a program");
    }

    @Test
    void anInviteOfTheOperatorsLetsSoManyRegisterAndIsPrintedAlone() throws IOException {
        run(0, "registration", "invite");
        run(0, "invite", "--uses=2", "--days=30");
        String invite = said(out);
        assertEquals(43, invite.length(), "nothing but the invite");
        assertTrue(said(err).startsWith("It lets 2 register until "), said(err));
        assertEquals(201, register("alice", invite).status());
        register("alice", invite).assertRefused(409, "username_taken");
        assertEquals(201, register("bob", invite).status());
        register("carol", invite).assertRefused(403, "invite_required");
        operator.call("POST", "/admin/invites", "{\"uses\":101,\"expires_in\":60}")
                .assertRefused(400, "malformed");
        operator.call("POST", "/admin/invites", "{\"uses\":1,\"expires_in\":2592001}")
                .assertRefused(400, "malformed");
        for (int i = 0; i < Limits.INVITES_PER_USER_MAX; i++) {
            assertEquals(
                    201,
                    operator.call("POST", "/admin/invites", "{\"uses\":1,\"expires_in\":3600}")
                            .status());
        }
        run(2, "invite");
        assertEquals("A hundred of the operator's invites are good: wait until one is used up or over.", said(err));
        run(2, "invite", "--uses=101");
        assertEquals("--uses takes 1 to 100, and --days 1 to 30.", said(err));
        assertEquals("", said(out));
    }

    private RawHttp.Answer register(String name, String invite) {
        return http.request("POST", "/auth/register")
                .json("{\"username\":\"" + name + "\",\"password\":\"" + RawHttp.PASSWORD + "\",\"invite\":\"" + invite
                        + "\"}")
                .send();
    }

    @Test
    void thePriceForNewcomersIsRaisedAndLoweredWhileTheRelayRuns() {
        assertEquals(201, register("alice").status());
        run(0, "puzzle", "always", "--doublings=1");
        register("bob").assertRefused(401, "puzzle_required");
        Map<String, Object> puzzle = Json.map(
                http.request("GET", "/auth/puzzle?for=register").send().body().strip());
        assertEquals(400_000, ((Number) puzzle.getOrDefault("maxnumber", 0)).intValue());
        assertEquals(
                201,
                http.request("POST", "/auth/register")
                        .json("{\"username\":\"bob\",\"password\":\"" + RawHttp.PASSWORD + "\",\"puzzle\":"
                                + Json.text(Puzzles.solve(puzzle)) + "}")
                        .send()
                        .status());
        run(0, "puzzle", "off");
        assertEquals(201, register("carol").status());
    }

    @Test
    void aSuspendedAccountIsOutAtOnceAndLooksToStrangersLikeAWrongPasswordUntilItIsLetInAgain() throws IOException {
        Map<String, Object> alice = Json.map(register("alice").body().strip());
        String token = String.valueOf(alice.get("access_token"));
        try (RawSocket hers = RawSocket.open(address, token)) {
            runWith("@Alice\n", 0, "suspend");
            assertEquals(4403, hers.closeCode());
        }
        http.request("GET", "/users/me").token(token).send().assertRefused(401, "not_signed_in");
        http.request("POST", "/auth/refresh")
                .json("{\"refresh_token\":\"" + alice.get("refresh_token") + "\"}")
                .send()
                .assertRefused(401, "session_revoked");
        String shutOut = signIn("alice", RawHttp.PASSWORD)
                .assertRefused(401, "bad_credentials")
                .body();
        assertEquals(signIn("alice", "not her password").body(), shutOut);
        assertEquals(1, operator.status().path("suspended").asInt());

        relay.terminate();
        assertEquals(0, relay.awaitExit(10));
        start();
        signIn("alice", RawHttp.PASSWORD).assertRefused(401, "bad_credentials");
        run(0, "unsuspend", "alice");
        assertEquals(200, signIn("alice", RawHttp.PASSWORD).status());
        assertEquals(0, operator.status().path("suspended").asInt());
    }

    @Test
    void anAccountIsDeletedByItsName() throws IOException {
        String alice = http.signUp("alice");
        String bob = http.signUp("bob");
        run(2, "delete", "alice");
        assertEquals("Nothing was done: this cannot be undone, and takes --yes.", said(err));
        assertEquals(2, operator.status().path("accounts").asInt());
        run(0, "delete", "alice", "--yes");
        http.request("GET", "/users/me").token(alice).send().assertRefused(401, "not_signed_in");
        http.request("GET", "/users/@alice").token(bob).send().assertRefused(404, "not_found");
        assertEquals(201, register("alice").status(), "the name is free");
    }

    @Test
    void anAnnouncementIsInEverybodysQueueAndTheNewestTakesThePlaceOfTheLast() throws IOException {
        List<String> tokens = List.of(http.signUp("alice"), http.signUp("bob"));
        runWith("The relay moves on Friday.\n", 0, "announce");
        awaitToldAll();
        run(0, "announce", "The relay moves on Sunday.");
        awaitToldAll();
        for (String token : tokens) {
            JsonNode events = new ObjectMapper()
                    .readTree(http.request("GET", "/events").token(token).send().body())
                    .path("events");
            assertEquals(1, events.size(), events.toString());
            assertEquals("system.announcement", events.get(0).path("kind").asText());
            assertEquals(
                    "{\"text\":\"The relay moves on Sunday.\"}",
                    events.get(0).path("payload").asText());
        }
        operator.call("POST", "/admin/announcement", "{\"text\":\" \"}").assertRefused(400, "malformed");
        operator.call("POST", "/admin/announcement", "{\"text\":\"" + "x".repeat(1_001) + "\"}")
                .assertRefused(400, "malformed");
    }

    private void awaitToldAll() {
        Await.until("everybody told", 10, () -> {
            try {
                JsonNode told = operator.status().path("announcement");
                return told.path("state").asText().equals("done")
                        && told.path("told").asInt() == 2;
            } catch (IOException gone) {
                return false;
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aDrainedRelayHasGivenEveryReceiptAndClosedEverySocket(boolean stays) throws IOException {
        String alice = http.signUp("alice");
        String bob = http.signUp("bob");
        for (String[] side : new String[][] {{alice, "bob"}, {bob, "alice"}}) {
            assertTrue(http.request("POST", "/connections/request")
                            .token(side[0])
                            .json("{\"to_user\":\"@" + side[1] + "\"}")
                            .send()
                            .status()
                    < 300);
        }
        clear(bob);
        try (RawSocket hers = RawSocket.open(address, alice);
                RawSocket his = RawSocket.open(address, bob)) {
            hers.send(
                    "{\"type\":\"send\",\"id\":\"1\",\"to_user\":\"@bob\",\"kind\":\"chat\",\"payload\":\"not acked\"}");
            JsonNode event = his.next();
            assertEquals("event", event.path("type").asText(), event.toString());
            assertTrue(operator.status().path("event_bytes_in_memory").asLong() > 0, "it is in memory only");

            run(0, stays ? new String[] {"drain", "--stay"} : new String[] {"drain"});
            JsonNode receipt = hers.next();
            while (receipt.path("type").asText().equals("event")) {
                receipt = hers.next();
            }
            assertEquals("stored", receipt.path("status").asText(), receipt.toString());
            assertEquals(4503, hers.closeCode());
            assertEquals(4503, his.closeCode());
        }
        if (stays) {
            http.request("GET", "/signaling/poll").token(bob).send().assertRefused(503, "shutting_down");
            assertTrue(operator.status().path("drained").asBoolean());
            operator.call("POST", "/admin/announcement", "{\"text\":\"late\"}").assertRefused(503, "shutting_down");
            run(0, "drain");
        }
        assertEquals(0, relay.awaitExit(10));
        start();
        assertTrue(http.request("GET", "/events").token(bob).send().body().contains("not acked"), "it is on the disk");
    }

    private void clear(String token) throws IOException {
        JsonNode events = new ObjectMapper()
                .readTree(http.request("GET", "/events").token(token).send().body())
                .path("events");
        long last = events.get(events.size() - 1).path("seq").asLong();
        http.request("GET", "/events?ack=" + last).token(token).send();
    }

    @Test
    void whatCannotBeDoneIsOneSentence() throws IOException {
        String noName = "A username is 3 to 30 of a-z, 0-9 and _.";
        Map<String, String> sentences = Map.of(
                "suspend nobody_here", "Nobody has this name.",
                "unsuspend nobody_here", "Nobody has this name.",
                "delete nobody_here --yes", "Nobody has this name.",
                "suspend ../status", noName,
                "suspend", noName,
                "registration maybe", "There is no such word here; it is one of open, invite, closed.",
                "puzzle sometimes", "There is no such word here; it is one of off, auto, always.",
                "puzzle always --doublings=6", "A price is doubled 0 to 5 times.",
                "announce", "An announcement has 1 to 1000 characters.",
                "panic", "Nothing was done: this cannot be undone, and takes --yes.");
        sentences.forEach((words, sentence) -> {
            run(2, words.split(" "));
            assertEquals(sentence, said(err));
            assertEquals("", said(out));
        });
    }

    @Test
    void withoutARelayOrItsTokenItIsOneSentenceToo() throws IOException {
        Files.writeString(operator.tokenFile(), "A".repeat(43));
        run(2, "status");
        assertEquals("The token beside the socket is not that of the relay that runs.", said(err));
        relay.kill();
        relay.awaitExit(10);
        run(2, "status");
        assertEquals("No relay answers at unix:" + socket + ".", said(err));
        Files.delete(operator.tokenFile());
        run(2, "status");
        assertTrue(said(err).startsWith("There is no token beside unix:"), said(err));
        out.reset();
        err.reset();
        assertEquals(2, main(new byte[0], List.of("admin", "status")));
        assertEquals("Say where the relay's socket is: --admin unix:PATH, as for serve.", said(err));
        out.reset();
        err.reset();
        assertEquals(2, main(new byte[0], List.of("admin")));
        assertTrue(said(err).startsWith("Say what to do: status, registration, puzzle, "), said(err));
    }

    private RawHttp.Answer register(String name) {
        return http.request("POST", "/auth/register")
                .json("{\"username\":\"" + name + "\",\"password\":\"" + RawHttp.PASSWORD + "\"}")
                .send();
    }

    private RawHttp.Answer signIn(String name, String password) {
        return http.request("POST", "/auth/login")
                .json("{\"username\":\"" + name + "\",\"password\":\"" + password + "\"}")
                .send();
    }

    private void run(int status, String... words) {
        runWith(null, status, words);
    }

    /** @param input on its standard input; null for none */
    private void runWith(@Nullable String input, int status, String... words) {
        out.reset();
        err.reset();
        List<String> arguments = new ArrayList<>(List.of("admin"));
        arguments.addAll(List.of(words));
        arguments.add("--admin=unix:" + socket);
        byte[] given = input == null ? new byte[0] : input.getBytes(UTF_8);
        assertEquals(status, main(given, arguments), () -> said(err));
    }

    private int main(byte[] input, List<String> arguments) {
        return Main.run(
                arguments.toArray(String[]::new),
                new ByteArrayInputStream(input),
                new PrintStream(out, true, UTF_8),
                new PrintStream(err, true, UTF_8));
    }

    private static String said(ByteArrayOutputStream stream) {
        return stream.toString(UTF_8).strip();
    }
}
