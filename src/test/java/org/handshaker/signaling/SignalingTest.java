// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Username;
import org.handshaker.queue.Event;
import org.handshaker.queue.Kind;
import org.handshaker.queue.Offer;
import org.handshaker.queue.Receipt;
import org.handshaker.queue.Right;
import org.handshaker.queue.Wanted;
import org.handshaker.store.Database;
import org.handshaker.support.Await;
import org.handshaker.support.Circle;
import org.handshaker.support.Together;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@NullUnmarked // hands over nothing where something is expected, on purpose
class SignalingTest {
    private static final Kind MESSAGE = new Kind("message");

    @TempDir
    private Path directory;

    private Circle circle;
    private Signaling signaling;
    private Id alice;
    private Id bob;

    @BeforeEach
    void open() {
        circle = new Circle(directory);
        signaling = new Signaling(circle.directory, circle.connections, circle.groups, circle.queue);
        alice = circle.user("alice");
        bob = circle.user("bob");
        circle.connect(alice, bob);
    }

    @AfterEach
    void close() {
        circle.close();
    }

    @Test
    void aStrangerAndANameThatNobodyHasAreTheSame() {
        circle.user("carol");
        circle.connections.ask(alice, new Username("carol"), null);
        for (String name : List.of("@carol", "carol", "@nobody_here", "@alice")) {
            Refused refused = assertThrows(Refused.class, () -> send(name, MESSAGE, "x", null, null));
            assertEquals(Reason.NOT_CONNECTED, refused.reason(), name);
            assertEquals(Reason.NOT_CONNECTED.detail(), refused.detail());
        }
    }

    @Test
    void connectedUsersSendUnderAnySpellingOfTheName() {
        for (String name : List.of("@bob", "bob", "@BOB")) {
            assertEquals(
                    Receipt.Status.STORED,
                    now(send(name, MESSAGE, "x", null, null)).status());
        }
        assertEquals(3, circle.queue.pending(bob));
    }

    @Test
    void afterThePartingNothingGoes() {
        circle.part(alice, bob);
        assertRefused(Reason.NOT_CONNECTED, () -> send("@bob", MESSAGE, "x", null, null));
        assertRefused(Reason.NOT_CONNECTED, () -> signaling.send(bob, "@alice", MESSAGE, "x", null, null));
    }

    @Test
    void aSendThatPassedItsCheckBeforeTheRemovalIsRefusedAtTheQueue() {
        Offer offer = new Offer(alice, new Username("alice"), bob, MESSAGE, "x", null, null);
        circle.part(alice, bob);
        Right lost = new Right() {
            @Override
            public void require() {
                throw Reason.NOT_CONNECTED.refuse();
            }

            @Override
            public void require(Handle handle) {
                throw new AssertionError("refused before anything is changed");
            }
        };
        assertRefused(Reason.NOT_CONNECTED, () -> circle.queue.offer(offer, lost));
        assertEquals(List.of("connection.removed"), kinds(bob));
    }

    /** A send asks for numbers in a change of its own, which may come behind the one that takes the account away. */
    @Test
    void anAccountThatGoesDuringASendLeavesNoQueueBehind() throws Exception {
        Database database = circle.store.database();
        assertEquals(2, queueRows(), "both have heard of their connection");
        CountDownLatch removed = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        CompletableFuture<Boolean> removal = database.freeLater(handle -> {
            circle.directory.remove(handle, bob);
            removed.countDown();
            await(goOn);
            return true;
        });
        await(removed);
        CompletableFuture<Receipt> sent =
                CompletableFuture.supplyAsync(() -> now(send("@bob", MESSAGE, "x", null, null)));
        Await.until("the send to wait for a number", 20, () -> database.changesWaiting() == 1);
        goOn.countDown();
        assertTrue(removal.get(20, TimeUnit.SECONDS));
        ExecutionException refused = assertThrows(ExecutionException.class, () -> sent.get(20, TimeUnit.SECONDS));
        assertEquals(Reason.NOT_CONNECTED, ((Refused) refused.getCause()).reason());
        assertEquals(1, queueRows());
    }

    private int queueRows() {
        return circle.store.database().<Integer>read(handle -> handle.createQuery("SELECT count(*) FROM queues")
                .mapTo(Integer.class)
                .one());
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    /** The removal has looked through the queue and is not committed: whoever comes now is found when it is. */
    @Test
    void anEventThatCameInDuringTheRemovalIsTakenOut() {
        now(send("@bob", MESSAGE, "earlier", null, null));
        CompletableFuture<Receipt> receipt = circle.store.database().write(handle -> {
            circle.queue.dropBetween(handle, alice, bob);
            return send("@bob", MESSAGE, "x", null, null);
        });
        assertRefused(Reason.NOT_CONNECTED, () -> now(receipt));
        assertEquals(List.of(), kinds(bob));
    }

    @Test
    void noEventSlipsPastARemovalThatHappensMeanwhile() throws Exception {
        for (int round = 0; round < 60; round++) {
            int each = round;
            List<Object> results = Together.run(
                    () -> now(send("@bob", MESSAGE, "a" + each, null, null)).status(),
                    () -> now(send("@bob", MESSAGE, "b" + each, null, null)).status(),
                    () -> {
                        circle.part(alice, bob);
                        return "parted";
                    });
            assertEquals("parted", results.get(2));
            assertTrue(!kinds(bob).contains("message"), "round " + round + " " + results);
            circle.connect(alice, bob);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "A",
                "1a",
                "a-b",
                "a b",
                "connection.removed",
                "group.changed",
                "system.x",
                "key.changed",
                "prekeys.low",
                "account.x",
                "room.x",
                "presence.x",
                "abcdefghijklmnopqrstuvwxyz0123456"
            })
    void kindsOfTheRelaysOwnAndKindsThatAreNoneCannotBeSent(String kind) {
        assertRefused(Reason.MALFORMED, () -> new Kind(kind));
    }

    @ParameterizedTest
    @ValueSource(strings = {"message", "receipt", "typing", "key_update", "a", "connections.x", "x.y_z0"})
    void anyOtherWordIsAMessage(String kind) {
        Instant expires = now(send("@bob", new Kind(kind), "x", null, null)).expiresAt();
        assertEquals(circle.time.instant().plus(Duration.ofDays(14)), expires);
        assertRefused(Reason.MALFORMED, () -> Kind.signal(kind));
    }

    @ParameterizedTest
    @ValueSource(strings = {"offer", "answer", "ice", "ice_candidate", "renegotiate", "bye"})
    void sixKindsAreSignals(String kind) {
        Instant expires = now(send("@bob", Kind.signal(kind), "x", null, null)).expiresAt();
        assertEquals(circle.time.instant().plus(Duration.ofMinutes(2)), expires);
    }

    @Test
    void aTtlShortensALifeWithinItsBounds() {
        assertEquals(
                circle.time.instant().plusSeconds(1),
                now(send("@bob", MESSAGE, "x", null, 1L)).expiresAt());
        assertEquals(
                circle.time.instant().plus(Duration.ofDays(14)),
                now(send("@bob", MESSAGE, "x", null, Limits.EVENT_TTL_MAX.toSeconds()))
                        .expiresAt());
        for (long wrong : new long[] {0, -1, Long.MIN_VALUE, Limits.EVENT_TTL_MAX.toSeconds() + 1, Long.MAX_VALUE}) {
            assertRefused(Reason.MALFORMED, () -> send("@bob", MESSAGE, "x", null, wrong));
        }
    }

    @Test
    void aPayloadHasItsBoundInCharactersWhateverTheyAre() {
        for (String character : List.of("x", "\u0000", "\"", "\u00e9", "\uffff")) {
            String longest = character.repeat(Limits.PAYLOAD_CHARS_MAX);
            now(send("@bob", MESSAGE, longest, null, null));
            assertRefused(Reason.TOO_LARGE, () -> send("@bob", MESSAGE, longest + "x", null, null));
        }
        now(send("@bob", MESSAGE, "", null, null));
    }

    @ParameterizedTest
    @ValueSource(strings = {"high \ud83d", "\ud83dx", "\udd90 low", "\udd90\ud83d", "\ud83d\ud83d\udd90"})
    void halfASurrogatePairIsNoText(String text) {
        assertRefused(Reason.MALFORMED, () -> send("@bob", MESSAGE, text, null, null));
        assertRefused(Reason.MALFORMED, () -> send("@bob", MESSAGE, "x", text, null));
    }

    @Test
    void wholeSurrogatePairsComeThrough() {
        now(send("@bob", MESSAGE, "\ud83e\udd86", "\ud83e\udd86", null));
        assertEquals(
                "\ud83e\udd86",
                circle.queue.page(bob, Wanted.EVERYTHING, 1).events().get(0).payload());
    }

    @Test
    void anIdHasOneTo128Characters() {
        now(send("@bob", MESSAGE, "x", "i", null));
        now(send("@bob", MESSAGE, "x", "i".repeat(128), null));
        assertRefused(Reason.MALFORMED, () -> send("@bob", MESSAGE, "x", "", null));
        assertRefused(Reason.MALFORMED, () -> send("@bob", MESSAGE, "x", "i".repeat(129), null));
    }

    @Test
    void theSameIdToTheSamePersonIsTheSameEventAndToAnotherIsNot() {
        Id carol = circle.user("carol");
        circle.connect(alice, carol);
        Receipt first = now(send("@bob", MESSAGE, "first", "id", null));
        assertEquals(
                first.eventId(), now(send("bob", MESSAGE, "second", "id", null)).eventId());
        assertNotEquals(
                first.eventId(), now(send("@carol", MESSAGE, "x", "id", null)).eventId());
        assertNotEquals(
                now(signaling.send(bob, "@alice", MESSAGE, "x", "id", null)).eventId(),
                now(send("@bob", MESSAGE, "x", "other", null)).eventId());
        assertEquals(2, circle.queue.pending(bob));
    }

    @Test
    void twoWithoutAnIdAreTwo() {
        assertNotEquals(
                now(send("@bob", MESSAGE, "x", null, null)).eventId(),
                now(send("@bob", MESSAGE, "x", null, null)).eventId());
    }

    @Test
    void whoeverHasDeletedTheirAccountIsAStranger() {
        circle.delete(bob);
        assertRefused(Reason.NOT_CONNECTED, () -> send("@bob", MESSAGE, "x", null, null));
    }

    private List<String> kinds(Id owner) {
        return circle.queue.page(owner, Wanted.EVERYTHING, 100).events().stream()
                .map(Event::kind)
                .toList();
    }

    private CompletableFuture<Receipt> send(String to, Kind kind, String payload, String id, Long ttl) {
        return signaling.send(alice, to, kind, payload, id, ttl);
    }

    private static Receipt now(CompletableFuture<Receipt> receipt) {
        try {
            return receipt.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException refused) {
            if (refused.getCause() instanceof Refused cause) {
                throw cause;
            }
            throw new AssertionError(refused.getCause());
        } catch (Exception late) {
            throw new AssertionError("no receipt", late);
        }
    }
}
