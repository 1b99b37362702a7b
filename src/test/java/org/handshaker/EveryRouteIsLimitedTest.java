// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.stream.Stream;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.support.OpenApi;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.handshaker.web.Access;
import org.handshaker.web.Route;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Hammers every route of a relay behind tor from one circuit, with another made-up address in every call, until it says
 * {@code too_fast}; somebody on another circuit must not notice.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EveryRouteIsLimitedTest {
    private static final int CALLS_MAX = 5_000;
    private static final int HAMMER = 7;
    private static final int BYSTANDER = 8;

    private TestRelay relay;
    private RawHttp hammer;
    private RawHttp bystander;
    private String token;
    private String bystandersToken;

    @BeforeAll
    void startARelayBehindTor() {
        relay = TestRelay.start("--limits=on", "--tor=torrc");
        hammer = new RawHttp(relay.address()).onCircuit(HAMMER);
        bystander = new RawHttp(relay.address()).onCircuit(BYSTANDER);
        token = hammer.signUp("walker");
        bystandersToken = bystander.signUp("bystander");
    }

    @AfterAll
    void stopTheRelay() {
        relay.close();
    }

    Stream<Route> routes() {
        return relay.routes().stream().filter(route -> route.cost() != Cost.NOTHING);
    }

    @ParameterizedTest
    @MethodSource("routes")
    void forWhoeverHammersAndForNobodyElse(Route route) {
        for (int call = 0; call < CALLS_MAX; call++) {
            RawHttp.Answer answer = request(hammer, route, token)
                    .header("X-Forwarded-For", "203.0.113." + call % 256)
                    .header("X-Real-IP", "203.0.113." + call % 256)
                    .sendUnchecked();
            if (answer.status() == 429) {
                answer.assertRefused(429, "too_fast");
                OpenApi.contract()
                        .check(
                                route.method(),
                                target(route),
                                429,
                                answer.header("Content-Type").orElse(null),
                                answer.body());
                assertNotEquals(
                        429, request(bystander, route, bystandersToken).send().status());
                return;
            }
            assertNotEquals(401, answer.status(), "the walker was signed out");
        }
        fail(route.method() + " " + route.path() + " took " + CALLS_MAX + " calls");
    }

    @ParameterizedTest
    @MethodSource("routes")
    void knowsTheContractsRetryAfter(Route route) {
        assertEquals(
                true,
                OpenApi.contract()
                        .find(route.method(), target(route).replaceAll("\\?.*", ""))
                        .map(operation -> OpenApi.contract().at(operation.pointer() + "/responses/429"))
                        .map(response -> OpenApi.contract()
                                .resolve(response)
                                .at("/headers")
                                .has("Retry-After"))
                        .orElse(false));
    }

    /** A call that changes nothing, however often it is made. */
    private static RawHttp.Request request(RawHttp http, Route route, String token) {
        RawHttp.Request request =
                http.request(route.method(), target(route)).token(route.access() == Access.USER ? token : null);
        boolean takesBody = OpenApi.contract()
                .find(route.method(), target(route).replaceAll("\\?.*", ""))
                .map(OpenApi.Operation::takesBody)
                .orElse(false);
        return takesBody ? request.json("{") : request;
    }

    private static String target(Route route) {
        return route.path()
                        .replace("{username}", "@nobody_here")
                        .replace("{session_id}", Id.random().text())
                        .replace("{room}", Id.random().text())
                        .replace("{group_id}", Id.random().text())
                        .replace("{invite_id}", Id.random().text())
                + (route.path().equals("/auth/puzzle") ? "?for=login" : "")
                + (route.path().equals("/users/search") ? "?q=nobody" : "");
    }
}
