// SPDX-License-Identifier: MIT
package org.handshaker;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.handshaker.support.OpenApi;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * Thousands of requests that are almost right, the same ones each time: {@code -Dfuzz.seed=N -Dfuzz.rounds=N} tries others. No
 * answer may be a fault of the relay, lack a header, or tell anything about the program behind it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FuzzedRequestsTest {
    private static final long SEED = Long.getLong("fuzz.seed", 20_260_115L);
    private static final int ROUNDS = Integer.getInteger("fuzz.rounds", 3_000);
    private static final List<String> LEAKS =
            List.of("Exception", "\tat ", "org.handshaker", "jetty", "jackson", "sqlite", "SQLITE", "java.");

    private static final List<String> SEGMENTS = List.of(
            "@walker",
            "@talker",
            "@nobody_here",
            "me",
            "search",
            "x",
            "%40walker",
            "%00",
            "%ff",
            "%E2%84%AA",
            "..",
            ".",
            "%2e%2e",
            "%2f",
            ";a=b",
            "a".repeat(3_000),
            "AAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAB",
            "{username}",
            "<script>",
            "'--",
            "~",
            "%u0041",
            "@",
            "@@walker",
            "blocks",
            "*",
            "\\");
    private static final List<String> QUERIES = List.of(
            "wait=0",
            "wait=-1",
            "wait=31",
            "wait=x",
            "wait=",
            "wait",
            "wait=00000000000000000000",
            "ack=0",
            "ack=-0",
            "ack=9223372036854775807",
            "ack=9223372036854775808",
            "ack=1e3",
            "epoch=",
            "epoch=x",
            "limit=1",
            "limit=100",
            "limit=101",
            "limit=%31",
            "q=",
            "q=wal",
            "q=@walker",
            "q=%",
            "q=%00",
            "q=%F0%9F%A6%86",
            "q=*",
            "q=%25",
            "for=login",
            "for=LOGIN",
            "for=",
            "&&&",
            "=",
            "=x",
            "a=b=c",
            "q=" + "a".repeat(4_000),
            "access_token=x");
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "0",
            "-0",
            "-1",
            "1",
            "1e400",
            "1.0",
            "9223372036854775807",
            "9223372036854775808",
            "123456789012345678901234567890",
            "\"\"",
            "\"@walker\"",
            "\"@talker\"",
            "\"@nobody_here\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"\\udc00x\"",
            "\"\\ud83d\\ude00\"",
            "\"offer\"",
            "\"message\"",
            "\"connection.x\"",
            "\"accept\"",
            "\"AAAAAAAAAAAAAAAAAAAAAA\"",
            "[]",
            "{}",
            "[null]",
            "[[[[]]]]",
            "{\"a\":{\"b\":{}}}",
            "\"" + "x".repeat(5_000) + "\"",
            "\"' OR 1=1 --\"",
            "\"../../etc/passwd\"",
            "\"${jndi:ldap://x}\"",
            "NaN",
            "01",
            "+1",
            "'x'",
            "undefined");
    private static final List<String> HEADERS = List.of(
            "Content-Type: text/plain",
            "Content-Type: application/json; charset=utf-16",
            "Content-Type:",
            "Accept: nothing/at-all",
            "Accept-Encoding: gzip, br",
            "Range: bytes=0-1",
            "If-None-Match: *",
            "If-Modified-Since: x",
            "Expect: 100-continue",
            "Expect: the-unexpected",
            "Upgrade: h2c",
            "Upgrade: websocket",
            "Sec-WebSocket-Key: x",
            "Cookie: a=b",
            "Origin: null",
            "Origin: https://evil.example",
            "Authorization: Bearer",
            "Authorization: Bearer a.b.c",
            "Authorization: Negotiate x",
            "X-Forwarded-For: 203.0.113.1",
            "TE: trailers",
            "Trailer: Authorization",
            "Via: 1.1 x",
            "Max-Forwards: 0",
            "Connection: upgrade",
            "X-Long: " + "x".repeat(7_000),
            "X-Odd: \u00e4\u00f6",
            "Proxy-Authorization: Basic x",
            "Content-Encoding: gzip",
            "Content-Language: de",
            "Accept-Charset: utf-16");
    private static final List<String> NO_HTTP = List.of(
            "",
            "\r\n",
            "GET",
            "GET /",
            "GET / HTTP/0.9\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n",
            "GET /\r\n\r\n",
            "get / http/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n",
            "G\u0000T / HTTP/1.1\r\n\r\n",
            "GET /\u0000 HTTP/1.1\r\n\r\n",
            "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
            "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
            "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
            "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(20_000) + "\r\n\r\n",
            "GET /" + "x".repeat(20_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\n" + "X: y\r\n".repeat(3_000) + "\r\n");

    private final OpenApi contract = OpenApi.contract();
    private TestRelay relay;
    private RawHttp http;
    private String token;

    @BeforeAll
    void startARelayWithTwoUsers() {
        relay = TestRelay.start("--linger=0s");
        http = new RawHttp(relay.address());
        token = http.signUp("walker");
        http.signUp("talker");
    }

    @AfterAll
    void stopTheRelay() {
        relay.close();
    }

    @Test
    void bodiesThatAreAlmostRightAreNeverAFault() {
        Random random = new Random(SEED);
        List<OpenApi.Operation> operations = contract.operations().stream()
                .filter(OpenApi.Operation::takesBody)
                .toList();
        for (int round = 0; round < ROUNDS; round++) {
            OpenApi.Operation operation = pick(random, operations);
            byte[] body = body(random, operation);
            RawHttp.Answer answer = http.request(operation.method(), operation.path())
                    .token(operation.id().equals("logout") ? "garbage" : token)
                    .header("Content-Type", "application/json")
                    .body(body)
                    .send();
            assertHarmless(answer, round, operation.id() + " " + new String(body, UTF_8));
        }
        assertTheRelayIsWell();
    }

    @Test
    void pathsAndQueriesThatAreAlmostRightAreNeverAFault() {
        Random random = new Random(SEED);
        for (int round = 0; round < ROUNDS; round++) {
            OpenApi.Operation operation = pick(random, contract.operations());
            String target = target(random, operation.path());
            RawHttp.Answer answer = http.request(operation.method(), target)
                    .token(operation.id().equals("logout") ? "garbage" : token)
                    .sendUnchecked();
            assertHarmless(answer, round, operation.method() + " " + target);
        }
        assertTheRelayIsWell();
    }

    @Test
    void headersThatAreAlmostRightAreNeverAFault() {
        Random random = new Random(SEED);
        List<OpenApi.Operation> operations = contract.operations().stream()
                .filter(operation -> !operation.id().equals("logout"))
                .toList();
        for (int round = 0; round < ROUNDS; round++) {
            OpenApi.Operation operation = pick(random, operations);
            RawHttp.Request request = http.request(operation.method(), operation.path());
            StringBuilder sent = new StringBuilder(operation.id());
            for (int i = random.nextInt(4); i >= 0; i--) {
                String header = pick(random, HEADERS);
                sent.append(" | ").append(header);
                request.header(header.substring(0, header.indexOf(':')), header.substring(header.indexOf(':') + 1));
            }
            if (random.nextBoolean()) {
                request.token(token);
            }
            if (operation.takesBody()) {
                request.body(body(random, operation));
            }
            assertHarmless(request.sendUnchecked(), round, sent.toString());
        }
        assertTheRelayIsWell();
    }

    @Test
    void whatIsNoHttpIsRefusedInTheRelaysOwnWords() {
        for (String request : NO_HTTP) {
            byte[] bytes = (request + (request.endsWith("\r\n\r\n") ? "" : "\r\n\r\n")).getBytes(ISO_8859_1);
            RawHttp.Answer answer = http.exchangeAndHangUp(bytes);
            if (answer.status() == 0) {
                continue; // The connection was closed without a word.
            }
            assertHarmless(answer, 0, request);
            assertTrue(answer.status() >= 400, request + " got " + answer.status());
            assertEquals(
                    "application/problem+json", answer.header("Content-Type").orElse(""), request);
        }
        assertTheRelayIsWell();
    }

    private void assertTheRelayIsWell() {
        assertEquals(200, http.request("GET", "/health").send().status());
        assertEquals(200, http.request("GET", "/users/me").token(token).send().status());
        assertFalse(relay.said().contains("Exception"), relay.said());
    }

    private static void assertHarmless(RawHttp.Answer answer, int round, String sent) {
        String what =
                "seed " + SEED + ", round " + round + ": " + (sent.length() > 500 ? sent.substring(0, 500) : sent);
        assertTrue(
                answer.status() < 500,
                () -> what + " got " + answer.status() + " " + answer.body().strip());
        if (answer.status() == 101) {
            return;
        }
        for (String leak : LEAKS) {
            boolean isItsOwnPage = answer.header("Content-Type").orElse("").startsWith("text/html")
                    || answer.header("Content-Type").orElse("").startsWith("application/yaml");
            assertTrue(
                    isItsOwnPage || !answer.body().contains(leak),
                    () -> what + " got " + answer.body().strip());
        }
        try {
            answer.assertGuarded();
        } catch (AssertionError unguarded) {
            throw new AssertionError(what + ": " + unguarded.getMessage(), unguarded);
        }
    }

    private static <T> T pick(Random random, List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    private String target(Random random, String path) {
        StringBuilder target = new StringBuilder();
        for (String segment : path.substring(1).split("/", -1)) {
            boolean isChanged = segment.startsWith("{") || random.nextInt(6) == 0;
            target.append('/').append(isChanged ? pick(random, SEGMENTS) : segment);
        }
        if (random.nextInt(10) == 0) {
            target.append('/').append(pick(random, SEGMENTS));
        }
        if (random.nextBoolean()) {
            target.append('?').append(pick(random, QUERIES));
            for (int i = random.nextInt(3); i > 0; i--) {
                target.append('&').append(pick(random, QUERIES));
            }
        }
        return target.toString();
    }

    /** The documented example, with some fields changed, added or gone, and sometimes broken as text. */
    private byte[] body(Random random, OpenApi.Operation operation) {
        ObjectNode example = contract.at(operation.pointer())
                .at("/requestBody/content/application~1json/example")
                .deepCopy();
        JsonNode schema =
                contract.resolve(contract.at(operation.pointer()).at("/requestBody/content/application~1json/schema"));
        StringBuilder json = new StringBuilder("{");
        example.properties().forEach(field -> {
            int dice = random.nextInt(10);
            if (dice > 0) {
                append(json, field.getKey(), dice < 4 ? pick(random, VALUES) : safe(field.getKey(), field.getValue()));
            }
        });
        JsonNode alternatives =
                schema.has("oneOf") ? contract.resolve(schema.get("oneOf").get(0)) : schema;
        alternatives.path("properties").fieldNames().forEachRemaining(name -> {
            if (!example.has(name) && random.nextInt(5) == 0) {
                append(json, name, pick(random, VALUES));
            }
        });
        if (random.nextInt(20) == 0) {
            append(json, "unknown", pick(random, VALUES));
        }
        json.append('}');
        return broken(random, json.toString());
    }

    /** Keeps the fuzzing from ending the walker's own session by a body that happens to be right. */
    private static String safe(String name, JsonNode value) {
        return name.contains("password") ? "\"not the right one\"" : value.toString();
    }

    private static void append(StringBuilder json, String name, String value) {
        json.append(json.length() == 1 ? "" : ",")
                .append('"')
                .append(name)
                .append("\":")
                .append(value);
    }

    private static byte[] broken(Random random, String json) {
        byte[] bytes = json.getBytes(UTF_8);
        switch (random.nextInt(16)) {
            case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 1 -> bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            case 2 -> bytes = json.getBytes(UTF_16LE);
            case 3 -> bytes = ("\ufeff" + json).getBytes(UTF_8);
            case 4 -> bytes = (json + json).getBytes(UTF_8);
            case 5 -> bytes = ("[".repeat(5_000) + json).getBytes(UTF_8);
            default -> {}
        }
        return bytes;
    }
}
