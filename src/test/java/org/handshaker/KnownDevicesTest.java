// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.handshaker.core.Limits;
import org.handshaker.support.KeptConnection;
import org.handshaker.support.Puzzles;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.handshaker.web.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real relay behind tor's PROXY lines, flooded by strangers on many circuits. */
@Timeout(300)
final class KnownDevicesTest {
    private static final int STRANGERS = 500;
    private static final int ROUNDS = 3;
    /** The relay itself gives up after {@link Limits#HASH_WAIT}; the rest is 500 connections and clients on the same cores. */
    private static final Duration PROMPTLY = Limits.HASH_WAIT.multipliedBy(4);

    private static final String LOGIN =
            "{\"username\":\"alice\",\"password\":\"%s\",\"device_token\":\"%s\"}".formatted(RawHttp.PASSWORD, "%s");

    private int circuit = 1_000;

    @Test
    void signInWhileStrangersHaveSpentEverybodysShareAndFillTheLine() {
        try (TestRelay relay =
                TestRelay.start("--limits=on", "--tor=torrc", "--puzzle=off", "--argon2=m=65536,t=3,p=1")) {
            holdsOutAgainst(relay, Map.of(503, "busy", 429, "too_fast"));
        }
    }

    @Test
    void signInWhileStrangersAreAskedForPuzzles() {
        try (TestRelay relay =
                TestRelay.start("--limits=on", "--tor=torrc", "--puzzle=auto", "--argon2=m=65536,t=3,p=1")) {
            holdsOutAgainst(relay, Map.of(401, "puzzle_required", 429, "too_fast"));
        }
    }

    private void holdsOutAgainst(TestRelay relay, Map<Integer, String> refusals) {
        Map<String, Object> alice = signUp(relay, "alice");
        Map<String, Object> bob = signUp(relay, "bob");
        Map<String, Integer> answers = new TreeMap<>();
        long slowestMillis = 0;
        int hashers = 0;
        for (int round = 0; round < ROUNDS; round++) {
            List<KeptConnection> strangers = flood(relay);
            long began = System.nanoTime();
            RawHttp.Answer known = login(relay, String.valueOf(alice.get("device_token")));
            slowestMillis = Math.max(
                    slowestMillis, Duration.ofNanos(System.nanoTime() - began).toMillis());
            hashers = Math.max(hashers, hashers());
            assertEquals(200, known.status(), known.body().strip());
            RawHttp.Answer refreshed = stranger(relay)
                    .request("POST", "/auth/refresh")
                    .json("{\"refresh_token\":\"" + bob.get("refresh_token") + "\"}")
                    .send();
            assertEquals(200, refreshed.status(), refreshed.body().strip());
            bob = Json.map(refreshed.body().strip());
            assertEquals(
                    200,
                    stranger(relay)
                            .request("GET", "/signaling/poll")
                            .token(String.valueOf(bob.get("access_token")))
                            .send()
                            .status());
            for (KeptConnection stranger : strangers) {
                RawHttp.Answer answer = stranger.answer();
                String code = answer.body().replaceFirst("(?s).*\"code\":\"([a-z_]+)\".*", "$1");
                answers.merge(answer.status() + " " + code, 1, Integer::sum);
                stranger.close();
            }
        }
        System.out.println("strangers were answered " + answers + "; the known device waited at most " + slowestMillis
                + " ms behind them");
        refusals.forEach((status, code) ->
                assertTrue(answers.containsKey(status + " " + code), "no " + code + " in " + answers));
        assertTrue(slowestMillis < PROMPTLY.toMillis(), slowestMillis + " ms");
        assertTrue(hashers <= Runtime.getRuntime().availableProcessors(), hashers + " threads hash");
    }

    /** Wrong passwords and new names, each from a circuit of its own, all sent before any answer is read. */
    private List<KeptConnection> flood(TestRelay relay) {
        List<KeptConnection> strangers = new ArrayList<>();
        for (int i = 0; i < STRANGERS; i++) {
            boolean registers = i % 5 == 0;
            String body = "{\"username\":\"" + (registers ? "new_" + circuit : "alice") + "\",\"password\":\""
                    + (registers ? "short" : "wrong horse battery") + "\"}";
            strangers.add(new KeptConnection(relay.address())
                    .send(preface()
                            + "POST /auth/" + (registers ? "register" : "login") + " HTTP/1.1\r\nHost: localhost\r\n"
                            + "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n"
                            + body));
        }
        return strangers;
    }

    private String preface() {
        circuit++;
        return "PROXY TCP6 fc00:dead:beef:4dad::0:" + Integer.toHexString(circuit) + " ::1 " + circuit + " 80\r\n";
    }

    private RawHttp stranger(TestRelay relay) {
        return new RawHttp(relay.address()).onCircuit(++circuit);
    }

    private Map<String, Object> signUp(TestRelay relay, String name) {
        RawHttp.Answer answer = stranger(relay)
                .request("POST", "/auth/register")
                .json("{\"username\":\"" + name + "\",\"password\":\"" + RawHttp.PASSWORD + "\"}")
                .send();
        assertEquals(201, answer.status(), answer.body().strip());
        return Json.map(answer.body().strip());
    }

    private RawHttp.Answer login(TestRelay relay, String deviceToken) {
        return stranger(relay)
                .request("POST", "/auth/login")
                .json(LOGIN.formatted(deviceToken))
                .send();
    }

    private static int hashers() {
        return (int) Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("hash"))
                .count();
    }

    @Test
    void onlyTheAccountsOwnTokenGoesAhead() {
        try (TestRelay relay = TestRelay.start("--limits=on", "--tor=torrc", "--puzzle=always")) {
            Map<String, Object> alice = signUpWithPuzzle(relay, "alice");
            Map<String, Object> mallory = signUpWithPuzzle(relay, "mallory");
            assertEquals(
                    200, login(relay, String.valueOf(alice.get("device_token"))).status());
            for (Object other : List.of(String.valueOf(mallory.get("device_token")), "garbage", "A".repeat(43))) {
                login(relay, String.valueOf(other)).assertRefused(401, "puzzle_required");
            }
        }
    }

    @Test
    void guessingAtOneNameGrowsDearerForStrangersAndLocksNobodyOut() {
        try (TestRelay relay = TestRelay.start("--limits=on", "--tor=torrc", "--puzzle=auto")) {
            Map<String, Object> alice = signUp(relay, "alice");
            signUp(relay, "bob");
            RawHttp.Answer answer = guess(relay);
            int guesses = 1;
            for (; guesses < 3 * Limits.GUESSES_FREE && answer.body().contains("bad_credentials"); guesses++) {
                answer = guess(relay);
            }
            answer.assertRefused(401, "puzzle_required");
            assertTrue(guesses > Limits.GUESSES_FREE, guesses + " guesses");
            assertEquals(
                    200, login(relay, String.valueOf(alice.get("device_token"))).status());
            assertEquals(
                    200,
                    stranger(relay)
                            .request("POST", "/auth/login")
                            .json("{\"username\":\"bob\",\"password\":\"" + RawHttp.PASSWORD + "\"}")
                            .send()
                            .status(),
                    "another name costs nothing");
            Map<?, ?> puzzle = (Map<?, ?>) Json.map(answer.body().strip()).getOrDefault("puzzle", Map.of());
            RawHttp.Answer owner = stranger(relay)
                    .request("POST", "/auth/login")
                    .json("{\"username\":\"alice\",\"password\":\"" + RawHttp.PASSWORD + "\",\"puzzle\":"
                            + Json.text(Puzzles.solve(puzzle)) + "}")
                    .send();
            assertEquals(
                    200,
                    owner.status(),
                    "the owner on a new device: " + owner.body().strip());
        }
    }

    private RawHttp.Answer guess(TestRelay relay) {
        return stranger(relay)
                .request("POST", "/auth/login")
                .json("{\"username\":\"alice\",\"password\":\"wrong horse battery\"}")
                .send();
    }

    private Map<String, Object> signUpWithPuzzle(TestRelay relay, String name) {
        Map<String, Object> puzzle = Json.map(stranger(relay)
                .request("GET", "/auth/puzzle?for=register")
                .send()
                .body()
                .strip());
        RawHttp.Answer answer = stranger(relay)
                .request("POST", "/auth/register")
                .json("{\"username\":\"" + name + "\",\"password\":\"" + RawHttp.PASSWORD + "\",\"puzzle\":"
                        + Json.text(Puzzles.solve(puzzle)) + "}")
                .send();
        assertEquals(201, answer.status(), answer.body().strip());
        return Json.map(answer.body().strip());
    }
}
