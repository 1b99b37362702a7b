// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.support.Await;
import org.handshaker.support.WireSocket;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rooms over real sockets, in the relay's own frames and beside members who speak the earlier ones. */
@NullUnmarked // asks frames for what may not be in them
class RoomSocketTest {
    @TempDir
    private Path directory;

    private Switchboard board;
    private Id alice;
    private Id bob;

    @BeforeEach
    void open() {
        board = new Switchboard(directory);
        alice = board.user("alice");
        bob = board.user("bob");
    }

    @AfterEach
    void close() {
        board.close();
    }

    private static String join(Id room) {
        return "{\"type\":\"room.join\",\"room\":\"" + room.text() + "\"}";
    }

    private static String signal(Id room, String rest) {
        return "{\"type\":\"room.signal\",\"room\":\"" + room.text() + "\"," + rest + "}";
    }

    /** Joins and returns the client id. */
    private static String in(WireSocket socket, Id room) {
        Map<String, Object> joined = socket.text(join(room)).next();
        assertEquals("room.joined", joined.get("type"), joined::toString);
        return String.valueOf(joined.get("you"));
    }

    private static void assertRefused(String code, Map<String, Object> frame) {
        assertEquals("refused", frame.get("type"), frame::toString);
        assertEquals(code, frame.get("code"));
    }

    @Test
    void strangersMeetUnderIdsThatSayNothing() {
        Id room = board.rooms.make(alice);
        try (WireSocket one = board.socket(alice);
                WireSocket two = board.socket(bob)) {
            String a = in(one, room);
            Map<String, Object> joined = two.text(join(room)).next();
            String b = String.valueOf(joined.get("you"));
            assertEquals(
                    Map.of("type", "room.joined", "room", room.text(), "you", b, "members", List.of(a, b)), joined);
            assertEquals(
                    Map.of("type", "room.member", "room", room.text(), "client_id", b, "joined", true), one.next());
            two.text(signal(room, "\"kind\":\"offer\",\"payload\":\"c2VhbGVk\""));
            assertEquals(
                    Map.of(
                            "type",
                            "room.signal",
                            "room",
                            room.text(),
                            "from",
                            b,
                            "kind",
                            "offer",
                            "payload",
                            "c2VhbGVk"),
                    one.next());
            one.text(signal(room, "\"kind\":\"answer\",\"to\":\"" + b + "\",\"payload\":\"x\""));
            assertEquals("answer", two.next().get("kind"));
            two.text("{\"type\":\"room.leave\",\"room\":\"" + room.text() + "\"}");
            assertEquals(Map.of("type", "room.member", "room", room.text(), "client_id", b, "left", true), one.next());
        }
    }

    @Test
    void whatCannotBeIsRefusedWithTheIdOfItsFrame() {
        Id room = board.rooms.make(alice);
        try (WireSocket one = board.socket(alice)) {
            assertRefused("not_found", one.text(join(Id.random())).next());
            assertRefused(
                    "not_found",
                    one.text("{\"type\":\"room.join\",\"room\":\"lobby\"}").next());
            assertRefused(
                    "not_found",
                    one.text(signal(room, "\"kind\":\"offer\",\"payload\":\"x\""))
                            .next());
            in(one, room);
            Map<String, Object> refused = one.text(
                            signal(room, "\"kind\":\"offer\",\"payload\":\"x\",\"to\":\"nobody\",\"id\":\"r1\""))
                    .next();
            assertRefused("not_found", refused);
            assertEquals("r1", refused.get("id"));
            assertRefused(
                    "malformed",
                    one.text(signal(room, "\"kind\":\"room.joined\",\"payload\":\"x\""))
                            .next());
            assertRefused(
                    "too_large",
                    one.text(signal(
                                    room,
                                    "\"kind\":\"offer\",\"payload\":\"" + "x".repeat(Limits.PAYLOAD_CHARS_MAX + 1)
                                            + "\""))
                            .next());
        }
    }

    @Test
    void anEleventhMemberFindsNoPlace() {
        Id room = board.rooms.make(alice);
        List<WireSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < 10; i++) {
                sockets.add(board.socket(board.user("member" + i)));
                in(sockets.get(i), room);
            }
            try (WireSocket eleventh = board.socket(bob)) {
                assertRefused("room_full", eleventh.text(join(room)).next());
            }
        } finally {
            sockets.forEach(WireSocket::close);
        }
    }

    @Test
    void aSocketsEndLeavesItsRooms() {
        Id room = board.rooms.make(alice);
        Id other = board.rooms.make(alice);
        try (WireSocket one = board.socket(alice)) {
            in(one, room);
            try (WireSocket two = board.socket(bob)) {
                in(two, room);
                in(two, other);
                one.next();
            }
            assertEquals(true, one.next().get("left"));
        }
        Await.until("the rooms are gone", 10, () -> board.rooms.count() == 0);
    }

    @Test
    void aRevokedSessionIsOutOfItsRooms() {
        Id room = board.rooms.make(alice);
        Id session = Id.random();
        try (WireSocket one = board.socket(alice);
                WireSocket two = board.socket(bob, session);
                WireSocket earlier = WireSocket.open(
                        board.url() + "/ws/" + room.text(),
                        "Authorization: Bearer " + Switchboard.token(bob, session))) {
            assertEquals("auth_success", earlier.next().get("type"));
            in(one, room);
            in(two, room);
            assertEquals(true, one.next().get("joined"));
            board.end(bob, session);
            assertEquals(true, one.next().get("left"));
            assertEquals(true, one.next().get("left"));
            assertEquals(4403, two.closeCode());
            assertEquals(4403, earlier.closeCode());
            assertEquals(1, board.rooms.members(alice, room));
        }
    }

    /** More than any buffer holds is said to somebody who reads nothing. */
    @Test
    void aMemberWhoDoesNotReadIsCutOffAndNobodyWaits() {
        Id room = board.rooms.make(alice);
        String large = signal(room, "\"kind\":\"offer\",\"payload\":\"" + "x".repeat(60_000) + "\"");
        try (WireSocket deaf = board.socket(board.user("deaf"));
                WireSocket one = board.socket(alice);
                WireSocket two = board.socket(bob)) {
            in(deaf, room);
            in(one, room);
            in(two, room);
            assertEquals(true, one.next().get("joined"));
            boolean isCutOff = false;
            for (int i = 0; i < 1_000 && !isCutOff; i++) {
                one.text(large);
                Map<String, Object> frame = two.next();
                isCutOff = "room.member".equals(frame.get("type")) && Boolean.TRUE.equals(frame.get("left"));
                if (!isCutOff) {
                    assertEquals("room.signal", frame.get("type"));
                }
            }
            assertTrue(isCutOff, "who does not read was not cut off");
            assertEquals(true, one.next().get("left"));
        }
    }

    @Test
    void whoSpeaksTooFastInARoomIsRefused() {
        Id room = board.rooms.make(alice);
        try (WireSocket one = board.socket(alice)) {
            in(one, room);
            board.gate.set(cost -> {
                if (cost == Cost.ROOM) {
                    throw Reason.TOO_FAST.refuseFor(3);
                }
            });
            Map<String, Object> refused = one.text(signal(room, "\"kind\":\"offer\",\"payload\":\"x\""))
                    .next();
            assertRefused("too_fast", refused);
            assertEquals(3, refused.get("retry_after"));
        }
    }

    /** One speaks as {@code /ws} does, the other as before: a description is an object to one and a string to the other. */
    @Test
    void bothProtocolsUnderstandEachOther() {
        Id room = board.rooms.make(alice);
        try (WireSocket own = board.socket(alice);
                WireSocket earlier = WireSocket.open(
                        board.url() + "/ws/" + room.text(),
                        "Authorization: Bearer " + Switchboard.token(bob, Id.random()))) {
            assertEquals("auth_success", earlier.next().get("type"));
            assertEquals(Map.of("type", "users_in_room", "users", List.of()), earlier.next());
            String me = in(own, room);
            assertEquals(Map.of("type", "user_joined", "clientId", me), earlier.next());
            earlier.text("{\"type\":\"offer\",\"offer\":{\"type\":\"offer\",\"sdp\":\"v=0\"}}");
            assertEquals("{\"type\":\"offer\",\"sdp\":\"v=0\"}", own.next().get("payload"));
            own.text(signal(room, "\"kind\":\"answer\",\"payload\":\"{\\\"sdp\\\":\\\"v=0\\\"}\""));
            assertEquals(Map.of("type", "answer", "answer", Map.of("sdp", "v=0"), "from", me), earlier.next());
            own.text(signal(room, "\"kind\":\"ice\",\"payload\":\"sealed\""));
            assertEquals(Map.of("type", "ice_candidate", "candidate", "sealed", "from", me), earlier.next());
            own.text(signal(room, "\"kind\":\"user_left\",\"payload\":\"x\""));
            assertEquals(Map.of("type", "signal", "kind", "user_left", "payload", "x", "from", me), earlier.next());
        }
    }

    @Test
    void aGuessableNameIsNoRoom() {
        for (String name : List.of(
                "lobby", "123", "a".repeat(23), "00000000-0000-1000-8000-000000000000", "aaaaaaaaaaaaaaaaaaaaaB")) {
            try (WireSocket socket = WireSocket.open(board.url() + "/ws/" + name)) {
                assertEquals(404, socket.status(), name);
            }
        }
        assertEquals(0, board.rooms.count());
    }

    @Test
    void anEarlierSocketIsNoPresenceAndHasNoQueue() {
        try (WireSocket earlier = WireSocket.open(
                board.url() + "/ws/" + Id.random().text(),
                "Authorization: Bearer " + Switchboard.token(bob, Id.random()))) {
            assertEquals("auth_success", earlier.next().get("type"));
            assertFalse(board.sockets.presence().isOnline(bob));
        }
    }

    @Test
    void anEarlierClientThatDoesNotSignInIsTurnedAway() {
        try (WireSocket earlier =
                WireSocket.open(board.url() + "/ws/" + Id.random().text())) {
            assertEquals(Map.of("type", "auth_required"), earlier.next());
            earlier.text("{\"type\":\"auth_token\",\"token\":\"nonsense\"}");
            assertEquals("not_signed_in", earlier.next().get("code"));
            assertEquals(4401, earlier.closeCode());
        }
        try (WireSocket earlier =
                WireSocket.open(board.url() + "/ws/" + Id.random().text())) {
            assertEquals(Map.of("type", "auth_required"), earlier.next());
            earlier.text("{\"type\":\"offer\",\"offer\":{}}");
            assertEquals("error", earlier.next().get("type"));
            assertEquals(4401, earlier.closeCode());
        }
        assertEquals(0, board.rooms.count());
    }
}
