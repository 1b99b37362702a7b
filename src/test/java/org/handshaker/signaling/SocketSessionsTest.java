// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.handshaker.support.WireSocket;
import org.handshaker.web.Json;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Sockets at the whole relay: they end with their session whatever ended it, and with the relay. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NullUnmarked // hands over nothing where something is expected, on purpose
class SocketSessionsTest {
    private static final String PING = "{\"type\":\"ping\"}";

    private final AtomicInteger names = new AtomicInteger();
    private TestRelay relay;
    private RawHttp http;

    @BeforeAll
    void start() {
        relay = TestRelay.start();
        http = new RawHttp(relay.address());
    }

    @AfterAll
    void stop() {
        relay.close();
    }

    /** Somebody with two sessions, a socket in each, and one who has nothing to do with it. */
    private final class Household implements AutoCloseable {
        final String name = "user" + names.incrementAndGet();
        final String here = http.signUp(name);
        final String there = login(name);
        final WireSocket socketHere = socket(relay, here);
        final WireSocket alsoHere = socket(relay, here);
        final WireSocket socketThere = socket(relay, there);
        final WireSocket neighbour = socket(relay, http.signUp("user" + names.incrementAndGet()));

        void assertStays(WireSocket... sockets) {
            for (WireSocket socket : sockets) {
                assertEquals("pong", socket.text(PING).next().get("type"));
            }
        }

        void assertRevoked(WireSocket... sockets) {
            for (WireSocket socket : sockets) {
                assertEquals(4403, socket.closeCode());
            }
        }

        @Override
        public void close() {
            List.of(socketHere, alsoHere, socketThere, neighbour).forEach(WireSocket::close);
        }
    }

    @Test
    void signingOutClosesTheSocketsOfThisSession() {
        try (Household house = new Household()) {
            assertEquals(
                    204,
                    http.request("POST", "/auth/logout")
                            .token(house.here)
                            .send()
                            .status());
            house.assertRevoked(house.socketHere, house.alsoHere);
            house.assertStays(house.socketThere, house.neighbour);
        }
    }

    @Test
    void signingOutEverywhereClosesAll() {
        try (Household house = new Household()) {
            assertEquals(
                    204,
                    http.request("POST", "/auth/logout")
                            .token(house.here)
                            .json("{\"everywhere\":true}")
                            .send()
                            .status());
            house.assertRevoked(house.socketHere, house.alsoHere, house.socketThere);
            house.assertStays(house.neighbour);
        }
    }

    @Test
    void aNewPasswordClosesTheSocketsOfOtherSessions() {
        try (Household house = new Household()) {
            assertEquals(
                    204,
                    http.request("PUT", "/auth/password")
                            .token(house.here)
                            .json("{\"current_password\":\"" + RawHttp.PASSWORD
                                    + "\",\"new_password\":\"another long one\"}")
                            .send()
                            .status());
            house.assertRevoked(house.socketThere);
            house.assertStays(house.socketHere, house.alsoHere, house.neighbour);
        }
    }

    @Test
    void endingASessionElsewhereClosesItsSockets() {
        try (Household house = new Household()) {
            Object session = ((List<?>) body(http.request("GET", "/auth/sessions")
                                    .token(house.here)
                                    .send())
                            .get("sessions"))
                    .stream()
                            .map(each -> (Map<?, ?>) each)
                            .filter(each -> each.get("current").equals(false))
                            .findFirst()
                            .orElseThrow()
                            .get("session_id");
            assertEquals(
                    204,
                    http.request("DELETE", "/auth/sessions/" + session)
                            .token(house.here)
                            .send()
                            .status());
            house.assertRevoked(house.socketThere);
            house.assertStays(house.socketHere, house.alsoHere, house.neighbour);
        }
    }

    @Test
    void deletingTheAccountClosesAll() {
        try (Household house = new Household()) {
            assertEquals(
                    204,
                    http.request("DELETE", "/auth/account")
                            .token(house.there)
                            .json("{\"password\":\"" + RawHttp.PASSWORD + "\"}")
                            .send()
                            .status());
            house.assertRevoked(house.socketHere, house.alsoHere, house.socketThere);
            house.assertStays(house.neighbour);
        }
    }

    @Test
    void aRefreshedSessionKeepsItsSockets() {
        String name = "user" + names.incrementAndGet();
        Map<String, Object> grant = body(http.request("POST", "/auth/register")
                .json("{\"username\":\"" + name + "\",\"password\":\"" + RawHttp.PASSWORD + "\"}")
                .send());
        try (WireSocket socket = socket(relay, String.valueOf(grant.get("access_token")))) {
            assertEquals(
                    200,
                    http.request("POST", "/auth/refresh")
                            .json("{\"refresh_token\":\"" + grant.get("refresh_token") + "\"}")
                            .send()
                            .status());
            assertEquals("pong", socket.text(PING).next().get("type"));
        }
    }

    @Test
    void whoeverSignedOutIsOfflineToConnections() {
        String alice = "user" + names.incrementAndGet();
        String bob = "user" + names.incrementAndGet();
        String alices = http.signUp(alice);
        String bobs = http.signUp(bob);
        connect(http, alice, alices, bob, bobs);
        try (WireSocket watching = socket(relay, alices);
                WireSocket watched = socket(relay, bobs)) {
            assertEquals("online", presence(watching));
            assertTrue(person(alices, bob).contains("\"online\":true"));
            http.request("POST", "/auth/logout").token(bobs).send();
            assertEquals(4403, watched.closeCode());
            assertEquals("offline", presence(watching));
            assertTrue(person(alices, bob).contains("\"online\":false"));
        }
    }

    /** Over HTTP and the socket an id means the same. */
    @Test
    void aRetryOverTheOtherSurfaceIsTheSameEvent() {
        String alice = "user" + names.incrementAndGet();
        String bob = "user" + names.incrementAndGet();
        String alices = http.signUp(alice);
        String bobs = http.signUp(bob);
        connect(http, alice, alices, bob, bobs);
        RawHttp.Request first = http.request("POST", "/signaling/send")
                .token(alices)
                .json("{\"to_user\":\"" + bob
                        + "\",\"type\":\"offer\",\"encrypted_payload\":\"first\",\"id\":\"same\"}");
        Object eventId = body(first.send()).get("event_id");
        try (WireSocket socket = socket(relay, alices)) {
            socket.text("{\"type\":\"send\",\"id\":\"same\",\"to_user\":\"@" + bob
                    + "\",\"kind\":\"offer\",\"payload\":\"second\"}");
            assertEquals(eventId, after(socket, "event", "presence").get("event_id"));
        }
        String polled =
                http.request("GET", "/signaling/poll").token(bobs).send().body();
        assertTrue(polled.contains("first"), polled);
        assertTrue(!polled.contains("second"), polled);
    }

    @Test
    void aStoppedRelayHasGivenItsReceiptsAndKeptItsEvents() {
        TestRelay stopping = TestRelay.start("--linger=30s");
        RawHttp calls = new RawHttp(stopping.address());
        String alices = calls.signUp("alice");
        String bobs = calls.signUp("bob");
        connect(calls, "alice", alices, "bob", bobs);
        calls.request("POST", "/events/ack")
                .token(bobs)
                .json("{\"up_to\":9999999}")
                .send();
        try (WireSocket from = socket(stopping, alices);
                WireSocket to = socket(stopping, bobs)) {
            from.text(Switchboard.send("1", "@bob", "kept"));
            assertEquals("kept", after(to, "presence").get("payload"));
            stopping.stop();
            assertEquals("stored", after(from, "presence", "event").get("status"));
            assertEquals(4503, from.closeCode());
            assertEquals(4503, to.closeCode());
        }
        try (TestRelay again = TestRelay.startIn(stopping.directory(), java.time.InstantSource.system())) {
            RawHttp.Answer events = new RawHttp(again.address())
                    .request("GET", "/events")
                    .token(bobs)
                    .send();
            assertTrue(events.body().contains("\"payload\":\"kept\""), events.body());
        }
    }

    @Test
    void aFloodOfFramesIsSentAwayAndStarvesNobody() {
        try (TestRelay limited = TestRelay.start("--limits=on")) {
            RawHttp calls = new RawHttp(limited.address());
            String flooding = calls.signUp("flooder");
            try (WireSocket flood = socket(limited, flooding);
                    WireSocket other = socket(limited, calls.signUp("bystander"))) {
                Thread pouring = new Thread(() -> pour(flood));
                pouring.start();
                for (int i = 0; i < 20; i++) {
                    long began = System.nanoTime();
                    assertEquals("pong", other.text(PING).next().get("type"));
                    assertTrue(System.nanoTime() - began < 3_000_000_000L, "a ping took seconds");
                }
                int code = flood.closeCode();
                assertTrue(code == 4429 || code == 1006, "closed with " + code);
                assertEquals("pong", other.text(PING).next().get("type"));
            }
        }
    }

    private static void pour(WireSocket flood) {
        try {
            for (int i = 0; i < 100_000; i++) {
                flood.text(PING);
            }
        } catch (RuntimeException sentAway) {
            return;
        }
    }

    private static WireSocket socket(TestRelay relay, String token) {
        WireSocket socket = WireSocket.open(relay.address(), "Authorization: Bearer " + token);
        assertEquals("ready", socket.next().get("type"));
        return socket;
    }

    private String login(String name) {
        return String.valueOf(body(http.request("POST", "/auth/login")
                        .json("{\"username\":\"" + name + "\",\"password\":\"" + RawHttp.PASSWORD + "\"}")
                        .send())
                .get("access_token"));
    }

    private static void connect(RawHttp http, String one, String ones, String other, String others) {
        for (String[] asks : new String[][] {{other, ones}, {one, others}}) {
            assertEquals(
                    201,
                    http.request("POST", "/connections/request")
                            .token(asks[1])
                            .json("{\"to_user\":\"" + asks[0] + "\"}")
                            .send()
                            .status());
        }
    }

    private String person(String token, String name) {
        return http.request("GET", "/users/" + name).token(token).send().body();
    }

    private static Object presence(WireSocket socket) {
        return after(socket, "event").get("status");
    }

    /** The next frame that is of none of these types. */
    private static Map<String, Object> after(WireSocket socket, String... passedOver) {
        Map<String, Object> frame = socket.next();
        while (List.of(passedOver).contains(frame.get("type"))) {
            frame = socket.next();
        }
        return frame;
    }

    private static Map<String, Object> body(RawHttp.Answer answer) {
        return Json.map(answer.body());
    }
}
