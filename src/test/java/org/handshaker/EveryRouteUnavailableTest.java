// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.handshaker.core.Caller;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Listen;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Standing;
import org.handshaker.store.Database;
import org.handshaker.support.OpenApi;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.handshaker.web.Gate;
import org.handshaker.web.Hosts;
import org.handshaker.web.Json;
import org.handshaker.web.Reply;
import org.handshaker.web.WebServer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** 503 and 500, as each route documents them: of a relay that stops, of one whose store lets nobody in, of a broken one. */
class EveryRouteUnavailableTest {
    private static final OpenApi CONTRACT = OpenApi.contract();
    private static final int READERS = 4;
    private static final int CHANGES_MAX = 20_000;

    @Test
    void whileTheRelayStops() {
        try (TestRelay relay = TestRelay.start();
                WebServer stopping = new WebServer(
                        Listen.parse("127.0.0.1:0"),
                        WebServer.Front.PLAIN,
                        relay.routes(),
                        token -> {
                            throw Reason.NOT_SIGNED_IN.refuse();
                        },
                        new House(false),
                        new Hosts(Set.of()),
                        true)) {
            RawHttp http = new RawHttp(stopping.start());
            stopping.stopIntake();
            for (OpenApi.Operation operation : CONTRACT.operations()) {
                assertTrue(codes(operation).contains("shutting_down"), operation.path());
                request(http, operation, null, Map.of()).send().assertRefused(503, "shutting_down");
            }
        }
    }

    /** Something beneath is broken; the answer tells nothing about it. */
    @Test
    void whenSomethingIsBroken() {
        try (TestRelay relay = TestRelay.start();
                WebServer broken = new WebServer(
                        Listen.parse("127.0.0.1:0"),
                        WebServer.Front.PLAIN,
                        relay.routes(),
                        token -> new Caller(Id.random(), Id.random()),
                        new House(true),
                        new Hosts(Set.of()),
                        true)) {
            RawHttp http = new RawHttp(broken.start());
            for (OpenApi.Operation operation : CONTRACT.operations()) {
                RawHttp.Answer answer =
                        request(http, operation, "anyone", Map.of()).send();
                answer.assertRefused(500, "internal");
                assertFalse(answer.body().contains("fuse"), answer.body());
            }
        }
    }

    /** Lets everybody pass, or breaks. */
    private record House(boolean isBroken) implements Gate {
        @Override
        public void pass(Cost cost, @Nullable Caller caller, OptionalInt circuit) {
            if (isBroken) {
                throw new IllegalStateException("a fuse");
            }
        }

        @Override
        public void passAsStranger(Cost cost) {}

        @Override
        public boolean passAsDevice(Cost cost, Id user) {
            return true;
        }

        @Override
        public CompletionStage<Reply> admit(Standing standing, Supplier<Reply> work) {
            return CompletableFuture.completedFuture(work.get());
        }
    }

    @Test
    void whileTheStoreIsBusy() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        ExecutorService callers = Executors.newCachedThreadPool();
        try (TestRelay relay = TestRelay.start()) {
            RawHttp http = new RawHttp(relay.address());
            Map<String, Object> registered = Json.map(http.request("POST", "/auth/register")
                    .json("{\"username\":\"walker\",\"password\":\"" + RawHttp.PASSWORD + "\"}")
                    .send()
                    .body()
                    .strip());
            Map<String, String> tokens = freshTokens(http);
            occupy(relay.database(), gate, callers);
            Map<String, Future<RawHttp.Answer>> answers = new HashMap<>();
            for (OpenApi.Operation operation : CONTRACT.operations()) {
                RawHttp.Request request = request(http, operation, tokens.get(name(operation)), registered);
                answers.put(name(operation), callers.submit(request::send));
            }
            TreeSet<String> busy = new TreeSet<>();
            TreeSet<String> documented = new TreeSet<>();
            for (OpenApi.Operation operation : CONTRACT.operations()) {
                Future<RawHttp.Answer> answer = answers.get(name(operation));
                if (answer != null && answer.get(60, TimeUnit.SECONDS).status() == 503) {
                    answer.get().assertRefused(503, "busy");
                    busy.add(name(operation));
                }
                if (codes(operation).contains("busy")) {
                    documented.add(name(operation));
                }
            }
            gate.countDown();
            assertEquals(documented, busy);
            assertEquals(200, http.request("GET", "/health").send().status());
        } finally {
            gate.countDown();
            callers.shutdownNow();
        }
    }

    /** One for each call: a session that was seen before is remembered, and needs no store. */
    private static Map<String, String> freshTokens(RawHttp http) {
        Map<String, String> tokens = new HashMap<>();
        for (OpenApi.Operation operation : CONTRACT.operations()) {
            if (operation.access() != OpenApi.Access.ANYONE) {
                RawHttp.Answer login = http.request("POST", "/auth/login")
                        .json("{\"username\":\"walker\",\"password\":\"" + RawHttp.PASSWORD + "\"}")
                        .send();
                tokens.put(
                        name(operation),
                        String.valueOf(Json.map(login.body().strip()).get("access_token")));
            }
        }
        return tokens;
    }

    /** Every reader reads, the writer writes, and no more changes may line up. */
    private static void occupy(Database database, CountDownLatch gate, ExecutorService readers) throws Exception {
        CountDownLatch busy = new CountDownLatch(READERS + 1);
        for (int i = 0; i < READERS; i++) {
            var unused = readers.submit(() -> database.read(handle -> awaited(busy, gate)));
        }
        var unused = database.freeLater(handle -> awaited(busy, gate));
        assertTrue(busy.await(10, TimeUnit.SECONDS));
        List<Future<Boolean>> waiting = new ArrayList<>();
        try {
            while (waiting.size() < CHANGES_MAX) {
                waiting.add(database.freeLater(handle -> true));
            }
        } catch (Refused full) {
            assertEquals(Reason.BUSY, full.reason());
        }
        assertTrue(waiting.size() < CHANGES_MAX, "the line of changes has no end");
    }

    private static boolean awaited(CountDownLatch busy, CountDownLatch gate) {
        busy.countDown();
        try {
            return gate.await(60, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static String name(OpenApi.Operation operation) {
        return operation.method() + " " + operation.path();
    }

    private static RawHttp.Request request(
            RawHttp http, OpenApi.Operation operation, @Nullable String token, Map<String, Object> registered) {
        String target = operation
                .path()
                .replace("{username}", "@nobody_here")
                .replace("{session_id}", Id.random().text())
                .replace("{room}", Id.random().text())
                .replace("{group_id}", Id.random().text())
                .replace("{invite_id}", Id.random().text());
        String query = Map.of("/auth/puzzle", "?for=login", "/users/search", "?q=nobody")
                .getOrDefault(target, "");
        RawHttp.Request request =
                http.request(operation.method(), target + query).token(token);
        if (!operation.takesBody()) {
            return request;
        }
        return switch (operation.path().replaceFirst("^" + EarlierPaths.BEFORE, "")) {
            case "/auth/refresh" ->
                request.json(Json.text(Map.of("refresh_token", registered.getOrDefault("refresh_token", ""))));
            case "/auth/reset-password" ->
                request.json(Json.text(Map.of(
                        "username", "walker",
                        "new_password", "staple correct battery",
                        "recovery_code", codeOf(registered))));
            default -> request.json(example(operation));
        };
    }

    private static Object codeOf(Map<String, Object> registered) {
        return registered.get("recovery_codes") instanceof List<?> codes ? codes.get(0) : "";
    }

    private static String example(OpenApi.Operation operation) {
        return CONTRACT.at(operation.pointer())
                .at("/requestBody/content/application~1json/example")
                .toString();
    }

    /** The codes under which an operation documents a 503. */
    private static Set<String> codes(OpenApi.Operation operation) {
        JsonNode code = CONTRACT.resolve(CONTRACT.at(operation.pointer() + "/responses/503"))
                .at("/content/application~1problem+json/schema/properties/code");
        Set<String> codes = new TreeSet<>();
        code.path("enum").forEach(each -> codes.add(each.asText()));
        if (code.has("const")) {
            codes.add(code.get("const").asText());
        }
        return codes;
    }
}
