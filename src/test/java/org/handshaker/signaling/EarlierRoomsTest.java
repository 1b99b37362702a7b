// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.handshaker.core.Id;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.handshaker.support.WireSocket;
import org.handshaker.web.Json;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Clients of earlier servers at the whole relay: an exchange frame by frame, rooms over HTTP, heartbeats, old paths. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NullUnmarked // asks frames for what may not be in them
class EarlierRoomsTest {
    private TestRelay relay;
    private RawHttp http;
    private String alice;
    private String bob;

    @BeforeAll
    void start() {
        relay = TestRelay.start();
        http = new RawHttp(relay.address());
        alice = http.signUp("alice");
        bob = http.signUp("bob");
    }

    @AfterAll
    void stop() {
        relay.close();
    }

    private static String frame(Object... members) {
        Map<String, Object> frame = new java.util.LinkedHashMap<>();
        for (int i = 0; i < members.length; i += 2) {
            frame.put(String.valueOf(members[i]), members[i + 1]);
        }
        return Json.text(frame);
    }

    /** As two browsers did it: a room that one of them drew, the first on one path, the second on the other. */
    @Test
    void anEarlierExchangeFrameByFrame() {
        String room = UUID.randomUUID().toString();
        try (WireSocket a = WireSocket.open(relay.address() + "/ws/" + room);
                WireSocket b = WireSocket.open(
                        relay.address() + "/rooms/" + room.toUpperCase(java.util.Locale.ROOT) + "/ws")) {
            assertEquals(Map.of("type", "auth_required"), a.next());
            a.text(frame("type", "auth_token", "token", alice, "clientId", "caller-7"));
            Map<String, Object> success = a.next();
            assertEquals("auth_success", success.get("type"));
            assertEquals("caller-7", success.get("clientId"));
            assertEquals(Map.of("type", "users_in_room", "users", List.of()), a.next());
            a.text(frame("type", "ping"));
            assertEquals(Map.of("type", "pong"), a.next());

            assertEquals(Map.of("type", "auth_required"), b.next());
            b.text(frame("type", "auth_token", "token", bob));
            String id = String.valueOf(b.next().get("clientId"));
            assertTrue(id.matches("[A-Za-z0-9_-]{22}"), id);
            assertEquals(Map.of("type", "users_in_room", "users", List.of("caller-7")), b.next());
            assertEquals(Map.of("type", "user_joined", "clientId", id), a.next());

            Map<String, Object> offer = Map.of("type", "offer", "sdp", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n");
            a.text(frame("type", "offer", "offer", offer, "to", id));
            assertEquals(Map.of("type", "offer", "offer", offer, "from", "caller-7"), b.next());
            Map<String, Object> answer = Map.of("type", "answer", "sdp", "v=0\r\n");
            b.text(frame("type", "answer", "answer", answer, "to", "caller-7", "clientId", "passed over"));
            assertEquals(Map.of("type", "answer", "answer", answer, "from", id), a.next());
            Map<String, Object> candidate =
                    Map.of("candidate", "candidate:1 1 tcp 1 127.0.0.1 9 typ relay", "sdpMid", "0", "sdpMLineIndex", 0);
            b.text(frame("type", "ice_candidate", "candidate", candidate));
            assertEquals(Map.of("type", "ice_candidate", "candidate", candidate, "from", id), a.next());

            b.text(frame("type", "offer", "offer", offer, "to", "nobody"));
            Map<String, Object> error = b.next();
            assertEquals("error", error.get("type"));
            assertEquals("not_found", error.get("code"));
            b.text(frame("type", "shout"));
            assertEquals("malformed", b.next().get("code"));
            b.close();
            assertEquals(Map.of("type", "user_left", "clientId", id), a.next());
        }
    }

    @Test
    void aRoomIsMadeCountedAndHiddenOverHttp() {
        String room = text(post(alice, "/rooms", null), "room");
        String path = "/rooms/" + room;
        get(alice, path).assertRefused(404, "not_found");
        try (WireSocket socket = WireSocket.open(relay.address(), "Authorization: Bearer " + alice)) {
            socket.next();
            assertEquals(
                    "room.joined",
                    socket.text(frame("type", "room.join", "room", room)).next().get("type"));
            assertEquals(Map.of("members", 1), json(get(alice, path)));
            RawHttp.Answer hidden = get(bob, path);
            RawHttp.Answer unknown = get(bob, "/rooms/" + Id.random().text());
            hidden.assertRefused(404, "not_found");
            assertEquals(unknown.body(), hidden.body());
            assertEquals(unknown.headers(), hidden.headers());
            assertEquals(Map.of("rooms", List.of()), json(get(bob, "/rooms?public=true")));
        }
    }

    @Test
    void publicRoomsAreFoundByTheirTopic() {
        RawHttp.Answer made = post(alice, "/rooms", "{\"topic\":\"Onions\",\"public\":true}");
        assertEquals(201, made.status());
        String room = text(made, "room");
        assertEquals(
                Map.of("rooms", List.of(Map.of("room", room, "topic", "Onions", "members", 0))),
                json(get(bob, "/api/rooms?public=true")));
        try (WireSocket socket = WireSocket.open(relay.address(), "Authorization: Bearer " + bob)) {
            socket.next();
            assertEquals(
                    "room.joined",
                    socket.text(frame("type", "room.join", "room", room)).next().get("type"));
            socket.text(frame("type", "room.leave", "room", room, "id", "l"));
            assertEquals("pong", socket.text(frame("type", "ping")).next().get("type"));
        }
        assertEquals(Map.of("rooms", List.of()), json(get(bob, "/rooms?public=true")));
        for (String body : List.of(
                "{\"topic\":\"x\"}",
                "{\"public\":true}",
                "{\"topic\":\"\",\"public\":true}",
                "{\"topic\":\"x\",\"public\":false}")) {
            post(alice, "/rooms", body).assertRefused(400, "malformed");
        }
        get(alice, "/rooms").assertRefused(400, "malformed");
        get(alice, "/rooms?public=false").assertRefused(400, "malformed");
    }

    @Test
    void aPollerShowsItselfByHeartbeatUntilItSignsOut() {
        String carol = http.signUp("carol");
        String dave = http.signUp("dave");
        post(carol, "/api/connections/request", "{\"to_user\":\"@dave\"}");
        post(dave, "/connections/request", "{\"to_user\":\"@carol\"}");
        assertEquals(Map.of("expires_in", 90), json(post(carol, "/presence/heartbeat", "{\"status\":\"online\"}")));
        assertEquals(true, json(get(dave, "/users/@carol")).get("online"));
        post(carol, "/presence/heartbeat", "{\"status\":\"invisible\"}");
        assertEquals(false, json(get(dave, "/users/@carol")).get("online"));
        post(carol, "/presence/heartbeat", "{\"status\":\"away\"}");
        assertEquals(true, json(get(dave, "/api/users/@carol")).get("online"));
        post(carol, "/presence/heartbeat", "{\"status\":\"offline\"}").assertRefused(400, "malformed");
        assertEquals(204, post(carol, "/api/auth/logout", null).status());
        assertEquals(false, json(get(dave, "/users/@carol")).get("online"));
    }

    private RawHttp.Answer post(String token, String path, String body) {
        RawHttp.Request request = http.request("POST", path).token(token);
        return (body == null ? request : request.json(body)).send();
    }

    private RawHttp.Answer get(String token, String path) {
        return http.request("GET", path).token(token).send();
    }

    private static Map<String, Object> json(RawHttp.Answer answer) {
        assertEquals(200, answer.status(), answer.body());
        return Json.map(answer.body().strip());
    }

    private static String text(RawHttp.Answer answer, String member) {
        assertEquals(201, answer.status(), answer.body());
        return String.valueOf(Json.map(answer.body().strip()).get(member));
    }
}
