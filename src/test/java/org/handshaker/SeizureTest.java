// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.handshaker.core.Secrets;
import org.handshaker.support.Await;
import org.handshaker.support.Gpg;
import org.handshaker.support.Markers;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TracedRelay;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody takes the disk. Two hundred people whose every word holds a marker register, befriend each other, send, fetch, ack,
 * clear, reset and leave; then the machine is switched off in three ways, and every byte of every file that the program has
 * touched anywhere is searched for every marker in every likely form. Prints its seed and how long what was deleted lay there.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SeizureTest {
    private static final int USERS = 200;
    private static final int KEYS = 4;
    /** Whose account is deleted. */
    private static final int LEAVER = 198;

    /** How long what is deleted may lie in a live file. */
    private static final int RESIDUE_SECONDS_MAX = 60;

    @TempDir
    private Path home;

    private final long seed = Long.getLong("seed", new Random().nextLong());
    private final Random random = new Random(seed);
    /** In every name, password, payload and id; names may hold lower case and digits. */
    private final String tag = "m" + HexFormat.of().formatHex(Secrets.randomBytes(6));

    private final Markers markers = new Markers();
    private final Map<String, String> tokens = new HashMap<>();
    /** The first user's, alone: gpg tries every secret key on a message that does not name one. */
    private final Gpg gpg = Gpg.open();

    private final Gpg others = Gpg.open();

    @AfterEach
    void close() {
        gpg.close();
        others.close();
    }

    @Test
    void aSeizedDiskTellsNothingHoweverTheMachineWasSwitchedOff() throws Exception {
        System.out.println("seizure: seed " + seed);
        markers.add("a marker", tag);
        assertEquals(Set.of("a marker"), markers.in(("x" + tag).getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        try (TracedRelay relay = start(TracedRelay.filesOnly())) {
            RawHttp http = new RawHttp(relay.address());
            populate(http);
            exchange(http);
            System.out.println("seizure: " + residue(http));
            searchEverything("while it runs");
            relay.terminate();
            assertEquals(0, relay.awaitExit(60));
            onlyWhereItShould(relay);
            searchEverything("after a clean stop");
        }
        try (TracedRelay relay = start(TracedRelay.filesOnly())) {
            RawHttp http = new RawHttp(relay.address());
            exchange(http);
            relay.kill();
            relay.awaitExit(60);
            onlyWhereItShould(relay);
            searchEverything("after kill -9");
        }
        for (int kills = 0; kills < 2; kills++) {
            int nth = 20 + random.nextInt(200);
            Path wal = home.resolve("data").resolve("handshaker.db-wal");
            List<String> killing = List.of(
                    "-P", wal.toString(), "-e", "trace=pwrite64", "-e", "inject=pwrite64:signal=KILL:when=" + nth);
            try (TracedRelay relay = start(killing)) {
                RawHttp http = new RawHttp(relay.address());
                sendUntilItDies(http, relay);
                searchEverything("after kill -9 in the middle of write " + nth + " of a commit");
            }
        }
        try (TracedRelay relay = start(TracedRelay.filesOnly())) {
            relay.address();
            relay.terminate();
            assertEquals(0, relay.awaitExit(60));
            searchEverything("after it has come back");
        }
    }

    private TracedRelay start(List<String> straceOptions) throws IOException {
        return TracedRelay.start(
                home,
                straceOptions,
                List.of("-XX:TieredStopAtLevel=1"),
                "--data",
                home.resolve("data").toString(),
                "--key-file",
                home.resolve("key").toString(),
                "--listen",
                "127.0.0.1:0",
                "--tor",
                "none",
                "--limits",
                "off",
                "--puzzle",
                "off",
                "--argon2",
                "m=1024,t=1,p=1",
                "--access-ttl",
                "3600s",
                "--signal-ttl",
                "1s",
                "--linger",
                "50ms");
    }

    private String name(int user) {
        return tag + "_" + user;
    }

    private RawHttp.Answer call(RawHttp http, int user, String method, String target, String json) {
        RawHttp.Request request = http.request(method, target).token(tokens.get(name(user)));
        RawHttp.Answer answer = (json.isEmpty() ? request : request.json(json)).sendUnchecked();
        assertTrue(answer.status() < 300, () -> method + " " + target + ": " + answer.status() + " " + answer.body());
        return answer;
    }

    private void populate(RawHttp http) {
        for (int user = 0; user < USERS; user++) {
            String key = "";
            if (user < KEYS) {
                Gpg ring = user == 0 ? gpg : others;
                String fingerprint = ring.key(tag + " key of " + user, "ed25519", "cv25519");
                markers.add("a fingerprint", fingerprint);
                markers.add("a fingerprint's bytes", HexFormat.of().parseHex(fingerprint));
                byte[] certificate = ring.exportBinary(fingerprint);
                markers.add("a certificate", Arrays.copyOfRange(certificate, 8, 40));
                String armor = ring.export(fingerprint);
                armor.lines().filter(line -> line.length() == 64).forEach(line -> markers.add("an armored line", line));
                key = ",\"allow_user_ids\":true,\"pgp_public_key\":\"" + armor.replace("\n", "\\n") + "\"";
            }
            RawHttp.Answer made = http.request("POST", "/auth/register")
                    .json("{\"username\":\"" + name(user) + "\",\"password\":\"" + password(user) + "\""
                            + ",\"discoverable\":" + (user % 2 == 0) + key + "}")
                    .sendUnchecked();
            assertEquals(201, made.status(), made.body());
            signedIn(user, made.body());
            Matcher codes =
                    Pattern.compile("\"recovery_codes\":\\[([^\\]]+)\\]").matcher(made.body());
            assertTrue(codes.find(), made.body());
            Matcher code = Pattern.compile("\"([^\"]+)\"").matcher(codes.group(1));
            while (code.find()) {
                markers.add("a recovery code", code.group(1));
                markers.add("a bare recovery code", code.group(1).replace("-", ""));
            }
        }
        for (int user = 0; user < USERS; user++) {
            for (int other : new int[] {(user + 1) % USERS, (user + 7) % USERS}) {
                call(
                        http,
                        user,
                        "POST",
                        "/connections/request",
                        "{\"to_user\":\"@" + name(other) + "\",\"intro\":\"" + tag + " would like to talk\"}");
            }
        }
        for (int user = 0; user < USERS; user++) {
            // The answer of a request the other way round is a connection. Of every fourth pair only half is asked.
            if (user % 4 != 0) {
                call(http, (user + 1) % USERS, "POST", "/connections/request", "{\"to_user\":\"@" + name(user) + "\"}");
            }
            if (user % 10 == 3) {
                call(http, user, "PUT", "/connections/blocks/" + name((user + 50) % USERS), "");
            }
        }
        reset(http);
    }

    private String password(int user) {
        return "password " + tag + " of " + user;
    }

    private void signedIn(int user, String body) {
        for (String kind : new String[] {"access_token", "refresh_token", "device_token"}) {
            String token = text(body, kind);
            // A JWT's head is the same for all.
            markers.add("the end of an " + kind, token.substring(token.length() - 24));
            if (kind.equals("access_token")) {
                tokens.put(name(user), token);
            }
        }
    }

    private static String text(String json, String field) {
        Matcher value = Pattern.compile("\"" + field + "\":\"([^\"]+)\"").matcher(json);
        if (!value.find()) {
            throw new AssertionError(field + " is not in " + json);
        }
        return value.group(1);
    }

    /** A forgotten password, whose code only its owner's key can read, and one that is asked for and not used. */
    private void reset(RawHttp http) {
        for (int i = 0; i < 2; i++) {
            RawHttp.Answer asked = http.request("POST", "/auth/forgot-password")
                    .json("{\"username\":\"" + name(0) + "\"}")
                    .sendUnchecked();
            String words = gpg.decrypt(text(asked.body(), "challenge").replace("\\n", "\n"));
            Matcher code = Pattern.compile("[A-Za-z0-9_-]{16,}").matcher(words);
            assertTrue(code.find(), words);
            markers.add("a one-time code", code.group());
        }
    }

    private void send(RawHttp http, int from, int to) {
        String word = tag + " says " + Secrets.newToken();
        call(
                        http,
                        from,
                        "POST",
                        "/events",
                        "{\"to_user\":\"@" + name(to) + "\",\"kind\":\"message\",\"payload\":\"" + word + "\",\"id\":\""
                                + tag + "-" + random.nextInt() + "\"}")
                .body();
    }

    private void signal(RawHttp http, int from, int to) {
        call(
                http,
                from,
                "POST",
                "/signaling/send",
                "{\"to_user\":\"@" + name(to) + "\",\"type\":\"offer\",\"encrypted_payload\":\"" + tag + " offers\"}");
    }

    /** Stored, fetched, acked, expired, cleared, and whole accounts gone. */
    private void exchange(RawHttp http) {
        for (int user = 1; user < LEAVER - 1; user += 4) {
            for (int i = 0; i < 3; i++) {
                send(http, user, user + 1);
            }
            signal(http, user, user + 1);
        }
        for (int user = 1; user < USERS; user += 12) {
            call(http, user + 1, "GET", "/events?limit=100", "");
            call(http, user + 1, "POST", "/events/ack", "{\"up_to\":9007199254740991}");
            call(http, user + 5 == LEAVER ? 2 : user + 5, "DELETE", "/signaling/clear", "");
        }
    }

    /** How long sealed bodies lie in live files after they were acked, cleared, expired or lost their owner. */
    private String residue(RawHttp http) throws IOException {
        StringBuilder figures = new StringBuilder();
        figures.append("acked ")
                .append(gone(
                        () -> {
                            send(http, 13, 14);
                            call(http, 14, "GET", "/events?limit=100", "");
                        },
                        () -> call(http, 14, "POST", "/events/ack", "{\"up_to\":9007199254740991}")));
        figures.append(" s, expired ")
                .append(gone(
                        () -> {
                            signal(http, 17, 18);
                        },
                        () -> {}));
        figures.append(" s, with its account ")
                .append(gone(
                        () -> send(http, LEAVER - 1, LEAVER),
                        () -> call(
                                http,
                                LEAVER,
                                "DELETE",
                                "/auth/account",
                                "{\"password\":\"" + password(LEAVER) + "\"}")));
        return figures + " s";
    }

    private long gone(Runnable store, Runnable delete) throws IOException {
        Set<String> before = bodies();
        store.run();
        Markers sealed = new Markers();
        Await.until("it is stored", 20, () -> {
            try {
                return bodies().stream().anyMatch(body -> !before.contains(body));
            } catch (IOException failed) {
                throw new java.io.UncheckedIOException(failed);
            }
        });
        bodies().stream()
                .filter(body -> !before.contains(body))
                // Past the nonce, and long enough to be no chance.
                .forEach(body -> sealed.add(
                        "a sealed body", Arrays.copyOfRange(HexFormat.of().parseHex(body), 12, 44)));
        delete.run();
        long start = System.nanoTime();
        Await.until("what was deleted is in no live file", RESIDUE_SECONDS_MAX, () -> {
            try {
                return sealed.in(Markers.filesUnder(home.resolve("data"))).isEmpty();
            } catch (IOException failed) {
                // A file was truncated under the reader's eyes.
                return false;
            }
        });
        return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
    }

    /** Every sealed body, read from a copy as whoever has seized the disk would. */
    private Set<String> bodies() throws IOException {
        Path copy = Files.createDirectories(home.resolve("copy"));
        for (String file : new String[] {"handshaker.db", "handshaker.db-wal"}) {
            Files.deleteIfExists(copy.resolve(file));
            Files.copy(home.resolve("data").resolve(file), copy.resolve(file));
        }
        try (Handle handle =
                Jdbi.create("jdbc:sqlite:" + copy.resolve("handshaker.db")).open()) {
            return Set.copyOf(handle.createQuery("SELECT hex(body) FROM events")
                    .mapTo(String.class)
                    .list());
        }
    }

    private void sendUntilItDies(RawHttp http, TracedRelay relay) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (relay.isAlive() && System.nanoTime() < end) {
            int user = 1 + 4 * random.nextInt(45);
            try {
                http.request("POST", "/events")
                        .token(tokens.get(name(user)))
                        .json("{\"to_user\":\"@" + name(user + 1) + "\",\"kind\":\"message\",\"payload\":\"" + tag
                                + "\"}")
                        .sendUnchecked();
            } catch (RuntimeException | AssertionError cutOff) {
                // It is dead, or about to be.
                relay.awaitExit(30);
            }
        }
        assertFalse(relay.isAlive(), "it was never killed");
    }

    private void onlyWhereItShould(TracedRelay relay) throws IOException {
        List<Path> strange = new ArrayList<>();
        for (Path path : relay.touched()) {
            boolean isOurs = path.startsWith(home.resolve("data"))
                    || path.startsWith(home.resolve("key"))
                    || path.startsWith(home.resolve("key.part"))
                    || path.startsWith(home.resolve("key.ratchet"))
                    || path.startsWith("/dev")
                    || path.startsWith("/proc/self");
            if (!isOurs) {
                strange.add(path);
            }
        }
        assertEquals(List.of(), strange, "it has touched other files than its own");
        assertTrue(
                relay.touched().contains(home.resolve("data").resolve("handshaker.db")),
                "strace has seen what it should");
    }

    private void searchEverything(String when) throws IOException {
        List<Path> files = Markers.filesUnder(
                home.resolve("data"),
                home.resolve("key"),
                home.resolve("key.ratchet"),
                home.resolve("cwd"),
                home.resolve("stdout"),
                home.resolve("stderr"));
        assertTrue(files.size() >= 5, files::toString);
        assertEquals(Map.of(), markers.in(files), when);
    }
}
