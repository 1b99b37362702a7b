// SPDX-License-Identifier: MIT
package org.handshaker;

import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.support.OpenApi;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.handshaker.web.Access;
import org.handshaker.web.Route;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Walks every route that the relay has, by the same list that the router reads, so that a new route is tested before
 * anybody thinks of it: documented, closed to strangers, strict about methods, bodies, hosts and origins.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EveryRouteTest {
    private static final List<String> METHODS = List.of("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE");
    private static final String UNSIGNED_TOKEN =
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBIiwiZXhwIjo0MDAwMDAwMDAwfQ.";

    private final OpenApi contract = OpenApi.contract();
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

    Stream<Named> routes() {
        return relay.routes().stream().map(Named::new);
    }

    Stream<Named> signedInRoutes() {
        return routes().filter(named -> named.route.access() == Access.USER);
    }

    Stream<Named> httpRoutes() {
        return routes().filter(named -> named.route.socket() == null);
    }

    Stream<Named> routesWithABody() {
        return routes().filter(named -> named.operation().takesBody());
    }

    /** A route that prints well in a report. */
    final class Named {
        private final Route route;

        Named(Route route) {
            this.route = route;
        }

        OpenApi.Operation operation() {
            return contract.operations().stream()
                    .filter(each ->
                            each.method().equals(route.method()) && each.path().equals(route.path()))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(this + " is not in the contract"));
        }

        /** The path with something that nobody has in each place. */
        String target() {
            String query = route.path().equals("/auth/puzzle")
                    ? "?for=login"
                    : route.path().equals("/users/search") ? "?q=walker" : "";
            return route.path()
                            .replace("{username}", "@nobody_here")
                            .replace("{session_id}", Id.random().text())
                            .replace("{room}", Id.random().text())
                            .replace("{group_id}", Id.random().text())
                            .replace("{invite_id}", Id.random().text())
                    + query;
        }

        RawHttp.Request request() {
            return http.request(route.method(), target()).token(route.access() == Access.USER ? token : null);
        }

        @Override
        public String toString() {
            return route.method() + " " + route.path();
        }
    }

    @ParameterizedTest
    @MethodSource("routes")
    void isDocumentedWithItsAccessAndItsLimit(Named named) {
        OpenApi.Operation operation = named.operation();
        OpenApi.Access access = named.route.socket() != null
                ? OpenApi.Access.EITHER
                : named.route.access() == Access.USER ? OpenApi.Access.USER : OpenApi.Access.ANYONE;
        assertEquals(access, operation.access());
        boolean mayBeTooFast = contract.at(operation.pointer() + "/responses").has("429");
        assertEquals(named.route.cost() != Cost.NOTHING, mayBeTooFast);
        if (operation.takesBody()) {
            assertEquals(named.route.bodyBytesMax(), operation.bodyBytesMax());
        }
    }

    @Test
    void everythingDocumentedIsThere() {
        TreeSet<String> documented = contract.operations().stream()
                .map(operation -> operation.method() + " " + operation.path())
                .collect(Collectors.toCollection(TreeSet::new));
        TreeSet<String> served = routes().map(Named::toString).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(served, documented);
    }

    @ParameterizedTest
    @MethodSource("signedInRoutes")
    void isClosedToStrangers(Named named) {
        RawHttp.Request[] strangers = {
            stranger(named),
            stranger(named).header("Authorization", "Bearer "),
            stranger(named).header("Authorization", "Bearer garbage"),
            stranger(named).header("Authorization", "Bearer " + UNSIGNED_TOKEN),
            stranger(named).header("Authorization", "Bearer " + token.substring(0, token.length() - 2) + "xx"),
            stranger(named).header("Authorization", "Basic " + token),
            stranger(named).header("Authorization", token),
            stranger(named).header("Cookie", "access_token=" + token),
        };
        for (RawHttp.Request stranger : strangers) {
            assertRefused(401, "not_signed_in", stranger.send());
        }
        assertRefused(
                401,
                "not_signed_in",
                http.request(named.route.method(), named.target().replaceAll("\\?.*", "") + "?access_token=" + token)
                        .send());
    }

    private RawHttp.Request stranger(Named named) {
        return http.request(named.route.method(), named.target());
    }

    @ParameterizedTest
    @MethodSource("routes")
    void knowsItsMethodsAndNoOther(Named named) {
        String path = named.target().replaceAll("\\?.*", "");
        Set<String> known = contract.methodsOf(path);
        for (String method : METHODS) {
            if (!known.contains(method)) {
                RawHttp.Answer answer = http.request(method, path).token(token).send();
                assertRefused(405, "method_not_allowed", answer);
                assertEquals(String.join(", ", known), answer.header("allow").orElseThrow());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("httpRoutes")
    void refusesABodyOverItsLimitAndSaysSoToASlowClient(Named named) {
        for (int over : new int[] {1, 100_000, Limits.DRAIN_BYTES_MAX}) {
            byte[] body = new byte[named.route.bodyBytesMax() + over];
            RawHttp.Answer answer = named.request()
                    .header("Content-Type", "application/json")
                    .body(body)
                    .send();
            assertRefused(413, "too_large", answer);
        }
    }

    @ParameterizedTest
    @MethodSource("routesWithABody")
    void refusesOtherContentTypes(Named named) {
        byte[] body = example(named).toString().getBytes(UTF_8);
        assertRefused(415, "unsupported_media_type", named.request().body(body).send());
        for (String type : List.of(
                "text/plain",
                "application/x-www-form-urlencoded",
                "application/jsonp",
                "application/json-patch+json",
                "multipart/form-data; boundary=x",
                "json",
                ";application/json")) {
            RawHttp.Answer answer =
                    named.request().header("Content-Type", type).body(body).send();
            assertRefused(415, "unsupported_media_type", answer);
        }
    }

    @ParameterizedTest
    @MethodSource("httpRoutes")
    void refusesAParameterGivenTwice(Named named) {
        String target = named.target().replaceAll("\\?.*", "") + "?x=1&x=2";
        RawHttp.Request request = http.request(named.route.method(), target);
        assertRefused(
                400,
                "malformed",
                request.token(named.route.access() == Access.USER ? token : null)
                        .send());
    }

    @ParameterizedTest
    @MethodSource("httpRoutes")
    void takesABodyOfAnotherTypeNowhereButWhereNoneIsRead(Named named) {
        if (!named.route.method().equals("GET")) {
            RawHttp.Request request = named.request().header("Content-Type", "text/plain");
            assertRefused(
                    415,
                    "unsupported_media_type",
                    request.body("x".getBytes(UTF_8)).send());
        }
    }

    @ParameterizedTest
    @MethodSource("routesWithABody")
    void readsItsBodyStrictly(Named named) {
        String example = example(named).toString();
        String firstField = example(named).fieldNames().next();
        String open = example.substring(0, example.length() - 1);
        List<String> malformed = new ArrayList<>(List.of(
                "{",
                "[]",
                "[" + example + "]",
                "null",
                "\"text\"",
                "7",
                "\u0000",
                open,
                example + " x",
                example + "{}",
                open + ",}",
                open + ",\"unknown_field\":1}",
                open + ",\"unknown_field\":null}",
                open + ",\"" + firstField + "\":" + example(named).get(firstField) + "}",
                open + ",\"x\":" + "[".repeat(17) + "]".repeat(17) + "}",
                open + ",\"x\":" + "{\"y\":".repeat(17) + "1" + "}".repeat(17) + "}",
                "/* comment */" + example,
                "\ufeff" + example,
                example.replace('"', '\'')));
        if (isBodyRequired(named)) {
            malformed.add("");
            malformed.add("   ");
            if (alternatives(named).stream().allMatch(schema -> schema.has("required"))) {
                malformed.add("{}");
            }
        }
        for (String body : malformed) {
            assertRefused(400, "malformed", body, named.request().json(body).send());
        }
        for (Charset other : List.of(UTF_16LE, UTF_16BE, UTF_16, Charset.forName("UTF-32"))) {
            byte[] body = example.getBytes(other);
            RawHttp.Answer answer = named.request()
                    .header("Content-Type", "application/json")
                    .body(body)
                    .send();
            assertRefused(400, "malformed", other.name(), answer);
        }
    }

    @ParameterizedTest
    @MethodSource("routesWithABody")
    void takesEveryFieldInItsOwnTypeOnly(Named named) {
        for (JsonNode schema : alternatives(named)) {
            schema.path("properties").properties().forEach(field -> {
                String type = contract.resolve(field.getValue()).path("type").asText();
                for (String wrong : wrongFor(type)) {
                    String body = with(filled(schema), field.getKey(), wrong);
                    assertRefused(
                            400, "malformed", body, named.request().json(body).send());
                }
            });
        }
    }

    @ParameterizedTest
    @MethodSource("routesWithABody")
    void missesEveryRequiredField(Named named) {
        for (JsonNode schema : alternatives(named)) {
            for (JsonNode required : schema.path("required")) {
                ObjectNode body = filled(schema);
                body.remove(required.asText());
                assertRefused(
                        400,
                        "malformed",
                        body.toString(),
                        named.request().json(body.toString()).send());
                body.putNull(required.asText());
                assertRefused(
                        400,
                        "malformed",
                        body.toString(),
                        named.request().json(body.toString()).send());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("httpRoutes")
    void tellsBrowsersNothing(Named named) {
        RawHttp.Answer answer =
                stranger(named).header("Origin", "https://evil.example").send();
        assertGuarded(answer);
        assertGuarded(http.request("HEAD", named.target()).send());
        RawHttp.Answer preflight = http.request("OPTIONS", named.target())
                .header("Origin", "https://evil.example")
                .header("Access-Control-Request-Method", named.route.method())
                .send();
        assertEquals(405, preflight.status());
        assertGuarded(preflight);
    }

    @ParameterizedTest
    @MethodSource("routes")
    void answersToItsOwnNameOnly(Named named) {
        String port = http.authority().substring(http.authority().indexOf(':'));
        for (String host : List.of(
                "evil.example",
                "evil.example" + port,
                "127.0.0.1.evil.example",
                "localhost.evil.example" + port,
                "10.0.0.1",
                "127.0.0.2",
                "a".repeat(56) + ".onion")) {
            RawHttp.Answer answer = named.request()
                    .host(host)
                    .header("X-Forwarded-Host", http.authority())
                    .header("Forwarded", "host=" + http.authority())
                    .send();
            assertRefused(421, "misdirected", answer);
        }
    }

    @ParameterizedTest
    @MethodSource("httpRoutes")
    void believesNoProxy(Named named) {
        RawHttp.Answer plain = stranger(named).send();
        RawHttp.Answer proxied = stranger(named)
                .header("X-Forwarded-For", "203.0.113.9")
                .header("X-Forwarded-Host", "evil.example")
                .header("X-Forwarded-Proto", "https")
                .header("Forwarded", "for=203.0.113.9;host=evil.example;proto=https")
                .header("X-Real-IP", "203.0.113.9")
                .header("X-HTTP-Method-Override", "DELETE")
                .header("X-Original-URL", "/admin")
                .send();
        assertEquals(plain.status(), proxied.status());
        assertEquals(plain.headers().keySet(), proxied.headers().keySet());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/nowhere",
                "/admin",
                "/admin/",
                "/admin/users",
                "/docs/",
                "/openapi.json",
                "/users",
                "/users/",
                "/auth",
                "/health/x",
                "/ws/",
                "/favicon.ico",
                "/robots.txt",
                "/.well-known/security.txt",
                "/Health",
                "/auth/login/",
                "/events/ack/1",
                "/users/@walker/keys"
            })
    void anUnknownPathIsTheSameNothingAsAnyOther(String path) {
        RawHttp.Answer nothing = http.request("GET", "/surely-not-here").send();
        for (String method : METHODS) {
            for (String bearer : new String[] {null, "garbage", token}) {
                RawHttp.Answer answer = http.request(method, path).token(bearer).send();
                assertEquals(nothing.status(), answer.status(), method + " " + path);
                assertEquals(nothing.headers(), answer.headers());
                assertEquals(nothing.body(), answer.body());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "//",
                "//health",
                "/connections//",
                "/users/%2e%2e/health",
                "/users/..%2fhealth",
                "/users/..;/health",
                "/users/a%2fb",
                "/users/%",
                "/users/%zz",
                "/users/%00",
                "/health\\x",
                "/users/%c3%28"
            })
    void aPathWithTwoReadingsIsNoPath(String path) {
        for (String method : METHODS) {
            RawHttp.Answer answer = http.request(method, path).token(token).send();
            assertTrue(answer.status() == 400 || answer.status() == 404, path + " got " + answer.status());
            assertGuarded(answer);
        }
    }

    private static void assertRefused(int status, String code, RawHttp.Answer answer) {
        answer.assertRefused(status, code);
    }

    private static void assertRefused(int status, String code, String sent, RawHttp.Answer answer) {
        assertEquals(
                status, answer.status(), () -> sent + " got " + answer.body().strip());
        answer.assertRefused(status, code);
    }

    private static void assertGuarded(RawHttp.Answer answer) {
        answer.assertGuarded();
    }

    /** A body that fits the contract: the example, made to concern nobody. */
    private ObjectNode example(Named named) {
        JsonNode example =
                contract.at(named.operation().pointer()).at("/requestBody/content/application~1json/example");
        assertTrue(example.isObject(), named + " has no example of its body");
        return example.deepCopy();
    }

    private boolean isBodyRequired(Named named) {
        return contract.at(named.operation().pointer())
                .at("/requestBody/required")
                .asBoolean();
    }

    private List<JsonNode> alternatives(Named named) {
        JsonNode schema = contract.resolve(
                contract.at(named.operation().pointer()).at("/requestBody/content/application~1json/schema"));
        List<JsonNode> alternatives = new ArrayList<>();
        if (schema.has("oneOf")) {
            schema.get("oneOf").forEach(each -> alternatives.add(contract.resolve(each)));
        } else {
            alternatives.add(schema);
        }
        return alternatives;
    }

    /** The required fields, each with a value of its type. */
    private ObjectNode filled(JsonNode schema) {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        for (JsonNode required : schema.path("required")) {
            JsonNode field = contract.resolve(schema.at("/properties/" + required.asText()));
            switch (field.path("type").asText()) {
                case "integer" -> body.put(required.asText(), 1);
                case "array" -> body.putArray(required.asText()).add("walker");
                default -> body.put(required.asText(), sample(required.asText(), field));
            }
        }
        return body;
    }

    private static String sample(String name, JsonNode field) {
        if (field.has("enum")) {
            return field.get("enum").get(0).asText();
        }
        Map<String, String> known = new LinkedHashMap<>();
        known.put("username", "@nobody_here");
        known.put("to_user", "@nobody_here");
        known.put("kind", "message");
        known.put("request_id", Id.random().text());
        known.put("challenge_id", Id.random().text());
        return known.getOrDefault(name, "sixteen characters");
    }

    private static List<String> wrongFor(String type) {
        return switch (type) {
            case "string" -> List.of("7", "1.5", "true", "{}", "[]", "[\"x\"]");
            case "integer" ->
                List.of(
                        "\"7\"",
                        "\"\"",
                        "\" \"",
                        "\"\\u0000\"",
                        "1.5",
                        "1e3",
                        "true",
                        "{}",
                        "[]",
                        "99999999999999999999");
            case "boolean" -> List.of("\"true\"", "\" \"", "\"\\u0000\"", "1", "0", "\"\"", "{}", "[]");
            case "array" -> List.of("\"x\"", "\"\"", "\" \"", "7", "{}", "[7]", "[null]", "[{}]", "[[]]");
            default -> List.of();
        };
    }

    private static String with(ObjectNode body, String field, String rawValue) {
        body.remove(field);
        String text = body.toString();
        String rest = text.substring(1);
        return "{\"" + field + "\":" + rawValue + (rest.equals("}") ? "" : ",") + rest;
    }
}
