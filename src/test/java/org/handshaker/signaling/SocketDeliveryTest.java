// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Username;
import org.handshaker.queue.Kind;
import org.handshaker.queue.Offer;
import org.handshaker.support.Await;
import org.handshaker.support.Circle;
import org.handshaker.support.WireSocket;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Events over sockets: pushed, acked by any device, bounded for whoever does not read. */
@NullUnmarked // hands over nothing where something is expected, on purpose
class SocketDeliveryTest {
    private static final String PING = "{\"type\":\"ping\"}";

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
        board.circle.connect(alice, bob);
    }

    @AfterEach
    void close() {
        board.close();
    }

    @Test
    void anEventIsPushedAndItsAckIsItsReceipt() {
        try (WireSocket to = board.socket(bob);
                WireSocket from = board.socket(alice)) {
            from.text(
                    "{\"type\":\"send\",\"id\":\"1\",\"to_user\":\"@bob\",\"kind\":\"offer\",\"payload\":\"sdp\",\"ttl\":60}");
            Map<String, Object> event = event(to);
            assertEquals("@alice", event.get("from_user"));
            assertEquals("offer", event.get("kind"));
            assertEquals("sdp", event.get("payload"));
            assertEquals(board.circle.time.instant().plusSeconds(60).toString(), event.get("expires_at"));
            to.text("{\"type\":\"ack\",\"event_ids\":[\"" + event.get("event_id") + "\"]}");
            Map<String, Object> receipt = frame(from, "receipt");
            assertEquals("1", receipt.get("id"));
            assertEquals(event.get("event_id"), receipt.get("event_id"));
            assertEquals("delivered", receipt.get("status"));
            assertEquals(event.get("expires_at"), receipt.get("expires_at"));
        }
        assertEquals(0, board.circle.queue.pending(bob));
    }

    /** What a sender's thread would push when it has read everything must not wait for a sender who never stops. */
    @Test
    void aSenderWithoutAnEndHoldsUpNobodysEvents() throws InterruptedException {
        byte[] pongs = new byte[6 * 30_000];
        for (int i = 0; i < pongs.length; i += 6) {
            pongs[i] = (byte) (0x80 | WireSocket.PONG);
            pongs[i + 1] = (byte) 0x80;
        }
        AtomicBoolean isOver = new AtomicBoolean();
        try (WireSocket to = board.socket(bob);
                WireSocket from = board.socket(alice)) {
            Thread flood = new Thread(() -> {
                from.raw(pongs).text(Switchboard.send("1", "@bob", "x"));
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
                while (!isOver.get() && System.nanoTime() < end) {
                    from.raw(pongs);
                }
            });
            flood.start();
            try {
                assertEquals("x", event(to).get("payload"));
            } finally {
                isOver.set(true);
                flood.join();
            }
        }
    }

    /** The first event to a queue waits for the disk, and the thread that reads it with it: not so what it has to push. */
    @Test
    void aSenderWhoWaitsForTheDiskHoldsUpNobodysEvents() {
        board.circle.connect(alice, board.user("carol"));
        AtomicBoolean isStalled = new AtomicBoolean();
        AtomicBoolean isOver = new AtomicBoolean();
        try (WireSocket to = board.socket(bob);
                WireSocket from = board.socket(alice)) {
            from.text(Switchboard.send("1", "@bob", "a number is reserved"));
            assertEquals("a number is reserved", event(to).get("payload"));
            var unused = board.circle.store.database().freeLater(handle -> {
                isStalled.set(true);
                Await.until("the disk is back", 60, isOver::get);
                return true;
            });
            Await.until("the disk is stalled", 20, isStalled::get);
            try {
                from.raw(together(Switchboard.send("2", "@bob", "x"), Switchboard.send("3", "@carol", "y")));
                assertEquals("x", event(to).get("payload"));
                to.text("{\"type\":\"ack\",\"up_to\":" + Long.MAX_VALUE + "}");
            } finally {
                isOver.set(true);
            }
            assertEquals("1", frame(from, "receipt").get("id"));
            assertEquals("2", frame(from, "receipt").get("id"));
            assertEquals("3", frame(from, "receipt").get("id"));
        }
    }

    /** Two frames as they come in one read. */
    private static byte[] together(String one, String other) {
        ByteBuffer frames = ByteBuffer.allocate(one.length() + other.length() + 12);
        for (String text : List.of(one, other)) {
            assertTrue(text.length() < 126);
            frames.put((byte) (0x80 | WireSocket.TEXT))
                    .put((byte) (0x80 | text.length()))
                    .putInt(0)
                    .put(text.getBytes(StandardCharsets.US_ASCII));
        }
        return frames.array();
    }

    @Test
    void whoeverPingsAndNeverReadsIsCutOff() {
        byte[] pings = new byte[131 * 1_000];
        for (int i = 0; i < pings.length; i += 131) {
            pings[i] = (byte) (0x80 | WireSocket.PING);
            pings[i + 1] = (byte) (0x80 | 125);
        }
        try (WireSocket deaf = board.socket(bob)) {
            try {
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
                while (board.sockets.count() > 0 && System.nanoTime() < end) {
                    deaf.raw(pings);
                }
            } catch (UncheckedIOException cut) {
                // As it should be.
            }
            Await.until("it is cut off", 10, () -> board.sockets.count() == 0);
        }
        Await.until("nothing is under way", 10, () -> board.sockets.bytesOut.get() == 0);
    }

    @Test
    void whatIsNotAckedInTimeIsStored() {
        try (WireSocket to = board.socket(bob);
                WireSocket from = board.socket(alice)) {
            from.text(Switchboard.send("1", "@bob", "x"));
            event(to);
            board.circle.timer.pass(Circle.LINGER);
            assertEquals("stored", frame(from, "receipt").get("status"));
        }
        assertEquals(1, board.circle.queue.pending(bob));
    }

    @Test
    void severalDevicesShareTheQueueAndAnyOfThemAcks() {
        try (WireSocket phone = board.socket(bob);
                WireSocket laptop = board.socket(bob);
                WireSocket from = board.socket(alice)) {
            from.text(Switchboard.send("1", "@bob", "x"));
            Object seq = event(phone).get("seq");
            assertEquals(seq, event(laptop).get("seq"));
            laptop.text("{\"type\":\"ack\",\"up_to\":" + seq + "}");
            assertEquals("delivered", frame(from, "receipt").get("status"));
        }
        try (WireSocket back = board.socket(bob)) {
            assertPongs(back);
        }
    }

    @Test
    void comesBackToWhatItHasNotAcked() {
        List<Long> seqs = new ArrayList<>();
        try (WireSocket socket = board.socket(bob)) {
            for (String payload : List.of("one", "two", "three")) {
                offer(payload);
                seqs.add(seq(event(socket)));
            }
            socket.text("{\"type\":\"ack\",\"up_to\":" + seqs.get(0) + "}");
            assertPongs(socket);
        }
        try (WireSocket back = board.stranger(SignalSocketTest.bearer(bob, Id.random()))) {
            assertEquals(2, frame(back, "ready").get("pending"));
            assertEquals("two", event(back).get("payload"));
            assertEquals("three", event(back).get("payload"));
            assertPongs(back);
        }
    }

    @Test
    void twoHundredAndFiftySixAreUnderWayAndTheRestFollowsTheAcks() {
        for (int i = 0; i < 300; i++) {
            offer("event " + i);
        }
        try (WireSocket socket = board.socket(bob)) {
            List<Long> seqs = new ArrayList<>();
            for (int i = 0; i < Limits.UNACKED_PER_SOCKET_MAX; i++) {
                Map<String, Object> event = event(socket);
                assertEquals("event " + i, event.get("payload"));
                seqs.add(seq(event));
            }
            assertPongs(socket);
            socket.text("{\"type\":\"ack\",\"up_to\":" + seqs.get(9) + "}");
            for (int i = 256; i < 266; i++) {
                assertEquals("event " + i, event(socket).get("payload"));
            }
            assertPongs(socket);
            socket.text("{\"type\":\"ack\",\"up_to\":" + seqs.get(255) + "}");
            for (int i = 266; i < 300; i++) {
                assertEquals("event " + i, event(socket).get("payload"));
            }
            assertPongs(socket);
        }
    }

    @Test
    void nobodyAcksAnothersEvents() {
        offer("x");
        try (WireSocket socket = board.socket(bob);
                WireSocket other = board.socket(alice)) {
            Map<String, Object> event = event(socket);
            other.text("{\"type\":\"ack\",\"event_ids\":[\"" + event.get("event_id") + "\"]}");
            other.text("{\"type\":\"ack\",\"up_to\":" + Long.MAX_VALUE + "}");
            assertPongs(other);
        }
        assertEquals(1, board.circle.queue.pending(bob));
    }

    @Test
    void theSameIdIsTheSameEventWhileItIsPending() {
        try (WireSocket from = board.socket(alice)) {
            from.text(Switchboard.send("1", "@bob", "first"));
            Object eventId = frame(from, "receipt").get("event_id");
            from.text(Switchboard.send("1", "@bob", "second"));
            assertEquals(eventId, frame(from, "receipt").get("event_id"));
        }
        try (WireSocket to = board.socket(bob)) {
            assertEquals("first", event(to).get("payload"));
            assertPongs(to);
        }
    }

    @Test
    void aDeviceThatNeverReadsIsCutOffAndNobodyElseWaits() {
        WireSocket deaf = board.socket(bob);
        try (WireSocket reader = board.socket(bob);
                WireSocket from = board.socket(alice)) {
            String payload = "x".repeat(Limits.PAYLOAD_CHARS_MAX);
            int sent = 0;
            // What its kernel and ours hold comes on top of the relay's own bound.
            while (board.sockets.count() == 3 && sent < 1_000) {
                from.text(Switchboard.send("id " + sent++, "@bob", payload));
                reader.text("{\"type\":\"ack\",\"up_to\":" + event(reader).get("seq") + "}");
                assertEquals("delivered", frame(from, "receipt").get("status"));
            }
            assertEquals(2, board.sockets.count(), "the deaf device is gone after " + sent);
            assertTrue(sent < 600, "after " + sent);
            assertPongs(reader);
            deaf.close();
        }
    }

    @Test
    void theBiggestPayloadComesWhole() {
        String payload = "\uffff".repeat(Limits.PAYLOAD_CHARS_MAX);
        try (WireSocket to = board.socket(bob);
                WireSocket from = board.socket(alice)) {
            from.text(Switchboard.send("1", "@bob", payload));
            WireSocket.Frame frame = to.read();
            while (frame.text().startsWith("{\"type\":\"presence\"")) {
                frame = to.read();
            }
            assertEquals(payload, frame.json().get("payload"));
            assertEquals(3 * 98_304, frame.payload().length);
            from.text(Switchboard.send("2", "@bob", payload + "x"));
            assertEquals("too_large", frame(from, "refused").get("code"));
        }
    }

    @Test
    void aStoppingRelayGivesEveryReceiptBeforeItCloses() {
        try (WireSocket to = board.socket(bob);
                WireSocket from = board.socket(alice)) {
            from.text(Switchboard.send("1", "@bob", "x"));
            event(to);
            assertTrue(board.circle.queue.bytesInMemory() > 0);
            board.sockets.stopIntake();
            board.circle.queue.close();
            from.text(Switchboard.send("2", "@bob", "x"));
            board.sockets.close();
            assertEquals("stored", frame(from, "receipt").get("status"));
            assertEquals(4503, from.closeCode());
            assertEquals(4503, to.closeCode());
        }
        assertEquals(0, board.circle.queue.bytesInMemory());
    }

    @Test
    void presenceIsToldToConnectionsAndNobodyElse() {
        Id carol = board.user("carol");
        try (WireSocket watching = board.socket(alice);
                WireSocket stranger = board.socket(carol)) {
            WireSocket watched = board.socket(bob);
            assertPresence("online", watching);
            watched.text("{\"type\":\"presence\",\"status\":\"away\"}");
            assertPresence("away", watching);
            watched.text("{\"type\":\"presence\",\"status\":\"invisible\"}");
            assertPresence("offline", watching);
            watched.close();
            Await.until("bob has left", 10, () -> board.sockets.count() == 2);
            try (WireSocket back = board.socket(bob)) {
                assertPongs(back);
                back.text("{\"type\":\"presence\",\"status\":\"online\"}");
                assertPresence("online", watching);
                board.circle.part(alice, bob);
                assertEquals("connection.removed", frame(watching, "event").get("kind"));
            }
            Await.until("bob has left", 10, () -> board.sockets.count() == 2);
            assertEquals("pong", watching.text(PING).next().get("type"), "no news of someone who is no connection");
            assertEquals("pong", stranger.text(PING).next().get("type"));
        }
    }

    @Test
    void whoeverIsInvisibleGetsEventsAndGivesNothingAway() {
        try (WireSocket hidden = board.socket(bob);
                WireSocket from = board.socket(alice)) {
            hidden.text("{\"type\":\"presence\",\"status\":\"invisible\"}").text(PING);
            frame(hidden, "pong");
            from.text(Switchboard.send("1", "@bob", "x"));
            Map<String, Object> event = event(hidden);
            hidden.text("{\"type\":\"ack\",\"up_to\":" + event.get("seq") + "}");
            assertEquals("stored", frame(from, "receipt").get("status"));
        }
    }

    @Test
    void systemEventsHaveNoSender() {
        board.circle.part(alice, bob);
        try (WireSocket socket = board.socket(bob)) {
            Map<String, Object> event = event(socket);
            assertEquals("connection.removed", event.get("kind"));
            assertNull(event.get("from_user"));
            assertFalse(event.containsKey("from_user"));
        }
    }

    private void offer(String payload) {
        var unused = board.circle.queue.offer(
                new Offer(alice, new Username("alice"), bob, new Kind("message"), payload, null, null));
        board.circle.timer.pass(Circle.LINGER);
    }

    private static long seq(Map<String, Object> event) {
        return ((Number) event.get("seq")).longValue();
    }

    private static Map<String, Object> event(WireSocket socket) {
        return frame(socket, "event");
    }

    /** The next frame, which is of this type; news of presence is passed over. */
    private static Map<String, Object> frame(WireSocket socket, String type) {
        Map<String, Object> frame = socket.next();
        while (frame.get("type").equals("presence")) {
            frame = socket.next();
        }
        assertEquals(type, frame.get("type"), frame.toString());
        return frame;
    }

    private static void assertPresence(String status, WireSocket socket) {
        assertEquals(Map.of("type", "presence", "username", "@bob", "status", status), socket.next());
    }

    private static void assertPongs(WireSocket socket) {
        socket.text(PING);
        frame(socket, "pong");
    }
}
