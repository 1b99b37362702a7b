// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.queue.Wanted;
import org.handshaker.support.Await;
import org.handshaker.support.WireSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The life of one socket: signing in, being understood, staying alive, being told to go. */
class SignalSocketTest {
    private static final String PING = "{\"type\":\"ping\"}";

    @TempDir
    private Path directory;

    private Switchboard board;
    private Id alice;

    @BeforeEach
    void open() {
        board = new Switchboard(directory);
        alice = board.user("alice");
    }

    @AfterEach
    void close() {
        board.close();
    }

    @Test
    void readySaysWhoAndWhatTheRelayWillTake() {
        try (WireSocket socket = board.stranger(bearer(alice, Id.random()))) {
            Map<String, Object> ready = socket.next();
            assertEquals("ready", ready.get("type"));
            assertEquals("@alice", ready.get("username"));
            assertEquals(board.circle.queue.epoch(), ready.get("epoch"));
            assertEquals(0, ready.get("pending"));
            assertEquals(
                    Map.of(
                            "payload_chars_max", 65_536,
                            "unacked_max", 256,
                            "queue_events_max", 1_000,
                            "queue_bytes_max", 8_388_608,
                            "ack_ids_max", 1_000,
                            "idle_seconds", 60),
                    ready.get("limits"));
        }
    }

    @Test
    void theFirstFrameSignsIn() {
        try (WireSocket socket = board.stranger()) {
            socket.text(auth(alice, Id.random()));
            assertEquals("ready", socket.next().get("type"));
            assertPongs(socket);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x",
                "{}",
                "{\"type\":\"ping\"}",
                "{\"type\":\"auth\"}",
                "{\"type\":\"auth\",\"token\":\"garbage\"}",
                "{\"type\":\"auth\",\"token\":7}",
                "{\"type\":\"auth\",\"token\":\"x\",\"more\":1}"
            })
    void anyOtherFirstFrameIsTheLast(String first) {
        try (WireSocket socket = board.stranger()) {
            socket.text(first).text(auth(alice, Id.random()));
            WireSocket.Frame frame = socket.read();
            assertEquals(WireSocket.CLOSE, frame.opcode(), frame.text());
            assertEquals(0, board.circle.queue.pending(alice));
            assertFalse(board.sockets.presence().isOnline(alice), "the second frame was listened to");
        }
        try (WireSocket socket = board.stranger()) {
            assertEquals(4401, socket.text(first).closeCode());
        }
    }

    /** A letter may be cut in two, and a ping come between the pieces. */
    @Test
    void aMessageInPiecesIsRead() {
        byte[] frame =
                "{\"type\":\"send\",\"id\":\"1\",\"to_user\":\"@bob\",\"kind\":\"offer\",\"payload\":\"\uFFFD \u00e4 \uD83E\uDD1D\"}"
                        .getBytes(StandardCharsets.UTF_8);
        Id bob = board.user("bob");
        board.circle.connect(alice, bob);
        try (WireSocket socket = board.socket(alice)) {
            for (int cut = frame.length - 10; cut < frame.length - 1; cut++) {
                socket.frame(false, WireSocket.TEXT, Arrays.copyOf(frame, 20));
                socket.frame(false, WireSocket.CONTINUATION, Arrays.copyOfRange(frame, 20, cut));
                socket.send(WireSocket.PING, new byte[] {7});
                socket.frame(true, WireSocket.CONTINUATION, Arrays.copyOfRange(frame, cut, frame.length));
                assertArrayEquals(new byte[] {7}, socket.read().payload());
                assertEquals("receipt", socket.next().get("type"));
            }
        }
        assertEquals(
                "\uFFFD \u00e4 \uD83E\uDD1D",
                board.circle.queue.page(bob, Wanted.SIGNALS, 1).events().get(0).payload());
    }

    @Test
    void whatIsNotUtf8ClosesWith1007() {
        for (byte[] wrong : new byte[][] {{(byte) 0xff}, {(byte) 0xc3}, {(byte) 0xed, (byte) 0xa0, (byte) 0x80}}) {
            try (WireSocket socket = board.socket(alice)) {
                assertEquals(1007, socket.send(WireSocket.TEXT, wrong).closeCode());
            }
        }
    }

    @Test
    void piecesThatAreTooLongTogetherCloseWith1009() {
        byte[] piece = new byte[Limits.FRAME_BYTES_MAX / 2 + 1];
        Arrays.fill(piece, (byte) ' ');
        for (int opcode : new int[] {WireSocket.TEXT, WireSocket.BINARY}) {
            try (WireSocket socket = board.socket(alice)) {
                socket.frame(false, opcode, piece);
                assertEquals(
                        1009,
                        socket.frame(false, WireSocket.CONTINUATION, piece).closeCode());
            }
        }
    }

    /** Bytes that were promised and never came must cost the relay nothing, or a thousand strangers fill its heap. */
    @Test
    void aFrameThatIsOnlyPromisedHoldsNothing() {
        int count = Switchboard.SOCKETS_MAX / 2;
        List<WireSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                sockets.add(board.stranger());
            }
            Await.until("all are here", 10, () -> board.sockets.count() == count);
            long before = heap();
            for (WireSocket socket : sockets) {
                socket.promise(WireSocket.TEXT, Limits.FRAME_BYTES_MAX, new byte[1]);
            }
            Await.until("all were read", 10, () -> board.sockets.bytesIn.get() == count);
            long each = (heap() - before) / count;
            assertTrue(each < Limits.FRAME_BYTES_MAX / 4, each + " bytes each");
        } finally {
            sockets.forEach(WireSocket::close);
        }
        Await.until("all was given back", 10, () -> board.sockets.bytesIn.get() == 0);
    }

    private static long heap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @Test
    void aStrangersFirstFrameIsShort() {
        byte[] piece = new byte[Limits.SIGN_IN_FRAME_BYTES_MAX];
        Arrays.fill(piece, (byte) ' ');
        try (WireSocket socket = board.stranger()) {
            socket.frame(false, WireSocket.TEXT, piece);
            assertEquals(
                    1009,
                    socket.frame(false, WireSocket.CONTINUATION, new byte[1]).closeCode());
        }
    }

    @Test
    void aMessageThatDripsForAMinuteIsGivenUp() {
        try (WireSocket socket = board.socket(alice)) {
            socket.frame(false, WireSocket.TEXT, new byte[] {'{'});
            for (int half = 1; half <= 2; half++) {
                long held = half;
                Await.until("it was read", 10, () -> board.sockets.bytesIn.get() >= held);
                board.pass(Limits.MESSAGE_WAIT.dividedBy(2));
                socket.frame(false, WireSocket.CONTINUATION, new byte[] {' '});
            }
            assertEquals(4408, socket.closeCode());
            assertEquals(0, board.sockets.bytesIn.get());
        }
    }

    @Test
    void aBinaryFirstFrameIsTheLast() {
        try (WireSocket socket = board.stranger()) {
            assertEquals(4401, socket.send(WireSocket.BINARY, new byte[] {1}).closeCode());
        }
    }

    @Test
    void whoeverDoesNotSignInWithinTenSecondsIsSentAway() {
        try (WireSocket socket = board.stranger()) {
            Await.until("the socket is there", 10, () -> board.sockets.count() == 1);
            board.pass(Duration.ofSeconds(9));
            socket.send(WireSocket.PING, new byte[0]);
            assertEquals(WireSocket.PONG, socket.read().opcode());
            board.pass(Duration.ofSeconds(1));
            assertEquals(4401, socket.closeCode());
        }
    }

    @Test
    void aSocketOutlivesItsTokenAndNotItsSession() {
        Id session = Id.random();
        try (WireSocket socket = board.socket(alice, session)) {
            board.expired.add(Switchboard.token(alice, session));
            assertPongs(socket);
            board.end(alice, session);
            assertEquals(4403, socket.closeCode());
        }
    }

    @Test
    void onlyTheSocketsOfTheEndedSessionClose() {
        Id ending = Id.random();
        try (WireSocket gone = board.socket(alice, ending);
                WireSocket alsoGone = board.socket(alice, ending);
                WireSocket stays = board.socket(alice);
                WireSocket bob = board.socket(board.user("bob"))) {
            board.end(alice, ending);
            assertEquals(4403, gone.closeCode());
            assertEquals(4403, alsoGone.closeCode());
            assertPongs(stays);
            assertPongs(bob);
            assertTrue(board.sockets.presence().isOnline(alice));
        }
        Await.until("everybody has left", 10, () -> board.sockets.count() == 0);
        assertFalse(board.sockets.presence().isOnline(alice));
    }

    @Test
    void nobodyListensToASocketThatWasToldToGo() {
        Id bob = board.user("bob");
        board.circle.connect(alice, bob);
        Id session = Id.random();
        try (WireSocket socket = board.socket(alice, session)) {
            board.end(alice, session);
            socket.text(Switchboard.send("late", "@bob", "x")).text("x");
            assertEquals(4403, socket.closeCode());
        }
        Await.until("the socket is gone", 10, () -> board.sockets.count() == 0);
        assertEquals(0, board.circle.queue.pending(bob));
    }

    @Test
    void whoeverDoesNotAnswerTheCloseIsCutOff() {
        Id session = Id.random();
        try (WireSocket socket = board.socket(alice, session)) {
            board.end(alice, session);
            assertEquals(4403, socket.closeCode());
            board.pass(Duration.ofSeconds(4));
            socket.text(PING);
            assertEquals(1, board.sockets.count());
            board.pass(Duration.ofSeconds(2));
            assertEquals(1006, socket.closeCode());
            Await.until("its place is free", 10, () -> board.sockets.count() == 0);
        }
    }

    @Test
    void aSessionThatEndsWhileItSignsInIsTurnedAway() {
        Id session = Id.random();
        board.ended.add(session);
        try (WireSocket socket = board.stranger(bearer(alice, session))) {
            assertEquals(401, socket.status());
        }
        assertFalse(board.sockets.presence().isOnline(alice));
    }

    @Test
    void twoMalformedFramesInAMinuteAreForgivenAndTheThirdIsNot() {
        try (WireSocket socket = board.socket(alice)) {
            for (int round = 0; round < 3; round++) {
                for (int i = 0; i < 2; i++) {
                    assertRefused("malformed", socket.text("x").next());
                }
                board.nanos.addAndGet(Duration.ofMinutes(1).toNanos());
            }
            assertRefused("malformed", socket.text("x").next());
            assertPongs(socket);
            board.nanos.addAndGet(Duration.ofSeconds(59).toNanos());
            assertRefused("malformed", socket.text("x").next());
            assertPongs(socket);
            assertRefused("malformed", socket.text("x").next());
            assertEquals(4400, socket.closeCode());
        }
    }

    @Test
    void groupsAndRoomsAreNotThere() {
        try (WireSocket socket = board.socket(alice)) {
            for (String frame : List.of(
                    "{\"type\":\"send\",\"id\":\"g\",\"group\":\"x\",\"group_epoch\":1,\"kind\":\"message\",\"payload\":\"x\"}",
                    "{\"type\":\"room.join\",\"room\":\"x\"}",
                    "{\"type\":\"room.signal\",\"room\":\"x\",\"kind\":\"offer\",\"payload\":\"x\"}",
                    "{\"type\":\"room.leave\",\"room\":\"x\"}")) {
                assertRefused("not_found", socket.text(frame).next());
            }
        }
    }

    @Test
    void aRefusalCarriesTheIdUnlessThatIsNone() {
        try (WireSocket socket = board.socket(alice)) {
            assertEquals(
                    "mine",
                    socket.text(Switchboard.send("mine", "@nobody_here", "x"))
                            .next()
                            .get("id"));
            String longest = "i".repeat(128);
            assertEquals(
                    longest,
                    socket.text(Switchboard.send(longest, "@nobody_here", "x"))
                            .next()
                            .get("id"));
            Map<String, Object> refused = socket.text(Switchboard.send("i".repeat(129), "@nobody_here", "x"))
                    .next();
            assertRefused("malformed", refused);
            assertFalse(refused.containsKey("id"));
        }
    }

    @Test
    void theRelayPingsEveryTwentyFiveSecondsAndClosesAfterSixtyOfSilence() {
        try (WireSocket socket = board.socket(alice)) {
            board.pass(Duration.ofSeconds(24));
            assertPongs(socket);
            board.pass(Duration.ofSeconds(1));
            assertEquals(WireSocket.PING, socket.read().opcode());
            board.pass(Duration.ofSeconds(25));
            assertEquals(WireSocket.PING, socket.read().opcode());
            board.pass(Duration.ofSeconds(9));
            assertPongs(socket);
            board.pass(Duration.ofSeconds(59));
            assertEquals(WireSocket.PING, socket.read().opcode());
            board.pass(Duration.ofSeconds(1));
            assertEquals(4408, socket.closeCode());
        }
    }

    @Test
    void everyAnswerToAPingIsASignOfLife() {
        try (WireSocket socket = board.socket(alice)) {
            for (int i = 0; i < 6; i++) {
                board.pass(Duration.ofSeconds(25));
                assertEquals(WireSocket.PING, socket.read().opcode());
                socket.send(WireSocket.PONG, new byte[0]);
                assertPongs(socket);
            }
            board.pass(Duration.ofSeconds(59));
            assertEquals(WireSocket.PING, socket.read().opcode());
            byte[] payload = {1, 2, 3};
            WireSocket.Frame pong = socket.send(WireSocket.PING, payload).read();
            assertEquals(WireSocket.PONG, pong.opcode());
            assertArrayEquals(payload, pong.payload());
            board.pass(Duration.ofSeconds(59));
            assertEquals(WireSocket.PING, socket.read().opcode(), "answered once, and not closed");
        }
    }

    @Test
    void aUserHasEightSocketsAndTheNinthIsTurnedAway() {
        List<WireSocket> eight = new ArrayList<>();
        for (int i = 0; i < Limits.SOCKETS_PER_USER_MAX; i++) {
            eight.add(board.socket(alice));
        }
        try (WireSocket ninth = board.stranger(bearer(alice, Id.random()))) {
            assertRefused("too_many_sockets", ninth.next());
            assertEquals(4429, ninth.closeCode());
        }
        eight.forEach(SignalSocketTest::assertPongs);
        board.socket(board.user("bob")).close();
        eight.remove(0).close();
        Await.until("one has left", 10, () -> board.sockets.count() == 7);
        board.socket(alice).close();
        eight.forEach(WireSocket::close);
    }

    @Test
    void theRelayHoldsSoManySocketsAndNoMore() {
        List<WireSocket> all = new ArrayList<>();
        for (int i = 0; i < Switchboard.SOCKETS_MAX; i++) {
            Id user = board.user("user" + i);
            all.add(board.socket(user));
        }
        Await.until("all are there", 10, () -> board.sockets.count() == Switchboard.SOCKETS_MAX);
        try (WireSocket refused = board.stranger(bearer(alice, Id.random()))) {
            assertEquals(503, refused.status(), refused.answer());
            assertTrue(refused.answer().contains("Retry-After: "), refused.answer());
        }
        all.remove(0).close();
        Await.until("one has left", 10, () -> board.sockets.count() == Switchboard.SOCKETS_MAX - 1);
        board.socket(alice).close();
        all.forEach(WireSocket::close);
    }

    /** Whoever only opens sockets keeps nobody out who shows a token. */
    @Test
    void halfOfThePlacesAreNotForStrangers() {
        List<WireSocket> strangers = new ArrayList<>();
        for (int i = 0; i < Switchboard.SOCKETS_MAX / 2; i++) {
            strangers.add(board.stranger());
        }
        Await.until("all are there", 10, () -> board.sockets.count() == Switchboard.SOCKETS_MAX / 2);
        try (WireSocket refused = board.stranger();
                WireSocket known = board.socket(alice)) {
            assertEquals(503, refused.status(), refused.answer());
            assertPongs(known);
        }
        // By signing in, and by going.
        strangers.get(0).text(auth(board.user("bob"), Id.random()));
        assertEquals("ready", strangers.get(0).next().get("type"));
        strangers.remove(1).close();
        Await.until("one has left", 10, () -> board.sockets.count() == Switchboard.SOCKETS_MAX / 2 - 1);
        for (int i = 0; i < 2; i++) {
            strangers.add(board.stranger());
            assertEquals(101, strangers.get(strangers.size() - 1).status());
            int now = Switchboard.SOCKETS_MAX / 2 + i;
            Await.until("it is there", 10, () -> board.sockets.count() == now);
        }
        try (WireSocket refused = board.stranger()) {
            assertEquals(503, refused.status(), refused.answer());
        }
        strangers.forEach(WireSocket::close);
    }

    @Test
    void whoeverIsTooFastHearsWhenToComeBackAndIsSentAwayIfHeDoesNotListen() {
        try (WireSocket socket = board.socket(alice);
                WireSocket other = board.socket(board.user("bob"))) {
            board.gate.set(cost -> {
                if (cost == Cost.READ) {
                    throw Reason.TOO_FAST.refuseFor(7);
                }
            });
            for (int i = 0; i < Limits.TOO_FAST_FRAMES_MAX - 1; i++) {
                Map<String, Object> refused = socket.text(PING).next();
                assertRefused("too_fast", refused);
                assertEquals(7, refused.get("retry_after"));
            }
            assertRefused("too_fast", socket.send(WireSocket.PING, new byte[0]).next());
            assertEquals(4429, socket.closeCode());
            board.gate.set(cost -> {});
            assertPongs(other);
        }
    }

    @Test
    void anAckForEachEventIsFreeAndMoreAreNot() {
        Id bob = board.user("bob");
        board.circle.connect(alice, bob);
        try (WireSocket from = board.socket(alice);
                WireSocket to = board.socket(bob)) {
            board.gate.set(cost -> {
                if (cost == Cost.READ) {
                    throw Reason.TOO_FAST.refuse();
                }
            });
            assertEquals("presence", from.next().get("type"));
            from.text(Switchboard.send("a", "@bob", "x"));
            Object seq = to.nextBut("presence").get("seq");
            to.text("{\"type\":\"ack\",\"up_to\":" + seq + "}");
            assertEquals("delivered", from.nextBut("presence").get("status"));
            assertRefused(
                    "too_fast",
                    to.text("{\"type\":\"ack\",\"up_to\":" + seq + "}").next());
        }
    }

    @Test
    void framesAndTheHeadSayNothingByTheirLength() {
        try (WireSocket socket = board.stranger(
                bearer(alice, Id.random()), "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")) {
            assertFalse(socket.answer().toLowerCase(java.util.Locale.ROOT).contains("sec-websocket-extensions"));
            assertEquals(512, socket.read().payload().length, "ready");
            assertEquals(512, socket.text(PING).read().payload().length, "pong");
            assertEquals(512, socket.text("x").read().payload().length, "refused");
        }
    }

    @Test
    void framesAreTheirOwnLengthWherePaddingIsOff(@TempDir Path other) {
        try (Switchboard plain = new Switchboard(other, Switchboard.Pads.OFF);
                WireSocket socket = plain.socket(plain.user("alice"))) {
            assertEquals("{\"type\":\"pong\"}", socket.text(PING).read().text());
        }
    }

    @Test
    void onlyItsOwnPagesAndNamedOnesMayOpenASocket() {
        for (String origin : List.of(
                "https://evil.example",
                "null",
                "http://localhost",
                "https" + board.url().substring(4),
                "file://",
                Switchboard.NAMED_ORIGIN + ".evil.example")) {
            try (WireSocket socket = board.stranger("Origin: " + origin)) {
                assertEquals(403, socket.status(), origin);
            }
        }
        for (String origin : List.of(board.url(), Switchboard.NAMED_ORIGIN)) {
            try (WireSocket socket = board.stranger("Origin: " + origin, bearer(alice, Id.random()))) {
                assertEquals("ready", socket.next().get("type"));
            }
        }
    }

    @Test
    void aBadTokenInTheHeaderOpensNoSocket() {
        try (WireSocket socket = board.stranger("Authorization: Bearer garbage")) {
            assertEquals(401, socket.status());
        }
    }

    @Test
    void aStoppingRelayTakesNoSocketAndSaysComeBack() {
        try (WireSocket socket = board.socket(alice)) {
            board.sockets.stopIntake();
            try (WireSocket late = board.stranger()) {
                assertEquals(503, late.status());
            }
            assertPongs(socket);
            board.sockets.close();
            assertEquals(4503, socket.closeCode());
        }
    }

    static String bearer(Id user, Id session) {
        return "Authorization: Bearer " + Switchboard.token(user, session);
    }

    private static String auth(Id user, Id session) {
        return "{\"type\":\"auth\",\"token\":\"" + Switchboard.token(user, session) + "\"}";
    }

    private static void assertPongs(WireSocket socket) {
        assertEquals("pong", socket.text(PING).next().get("type"));
    }

    private static void assertRefused(String code, Map<String, Object> frame) {
        assertEquals("refused", frame.get("type"), frame.toString());
        assertEquals(code, frame.get("code"), frame.toString());
    }
}
