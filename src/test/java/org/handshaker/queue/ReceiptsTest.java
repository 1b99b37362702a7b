// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.handshaker.queue.Queues.now;
import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** When an event is safe, what its sender is told, and how a retry is known. */
@Timeout(60)
class ReceiptsTest {
    @TempDir
    Path directory;

    private Queues queues;

    @BeforeEach
    void open() {
        queues = new Queues(directory);
    }

    @AfterEach
    void close() {
        queues.close();
    }

    @Test
    void ackedWithinTheLingerIsDeliveredAndNeverOnTheDisk() {
        Ear ben = queues.connect(queues.ben);
        CompletableFuture<Receipt> receipt = queues.offer(queues.ann, queues.ben, "hello");
        assertEquals(List.of("hello"), ben.payloads());
        assertFalse(receipt.isDone());
        assertEquals(0, queues.rows());

        assertEquals(1, now(queues.queue.ack(queues.ben, List.of(ben.last().eventId()))));

        assertEquals(Receipt.Status.DELIVERED, now(receipt).status());
        queues.timer.pass(Queues.LINGER);
        queues.settle();
        assertEquals(0, queues.rows());
        assertEquals(0, queues.timer.waiting());
        assertEquals(0, queues.queue.bytesInMemory());
    }

    @Test
    void notAckedWithinTheLingerIsStored() {
        queues.connect(queues.ben);
        CompletableFuture<Receipt> receipt = queues.offer(queues.ann, queues.ben, "hello");
        queues.timer.pass(Queues.LINGER.minusMillis(1));
        assertFalse(receipt.isDone());
        queues.timer.pass(Duration.ofMillis(1));

        assertEquals(Receipt.Status.STORED, now(receipt).status());
        assertEquals(1, queues.rows());
        assertEquals(0, queues.queue.bytesInMemory());
    }

    @Test
    void isStoredAtOnceWhereNobodyListens() {
        Receipt receipt = queues.store(queues.ann, queues.ben, "hello");
        assertEquals(Receipt.Status.STORED, receipt.status());
        assertEquals(1, queues.rows());
        assertEquals(receipt.eventId(), queues.pending(queues.ben).get(0).eventId());
        assertEquals(receipt.expiresAt(), queues.pending(queues.ben).get(0).expiresAt());
    }

    @Test
    void aWaitingPollCountsAsListening() {
        CompletableFuture<Page> poll = queues.queue.poll(queues.ben, Wanted.EVERYTHING, 10, Duration.ofSeconds(30));
        CompletableFuture<Receipt> receipt = queues.offer(queues.ann, queues.ben, "hello");
        Event event = now(poll).events().get(0);
        assertEquals("hello", event.payload());
        assertFalse(receipt.isDone());
        now(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, event.seq()));
        assertEquals(Receipt.Status.DELIVERED, now(receipt).status());
        assertEquals(0, queues.rows());
    }

    @Test
    void aHiddenRecipientIsAlwaysStoredWhateverHappens() {
        queues.isVisible = false;
        Ear ben = queues.connect(queues.ben);
        CompletableFuture<Receipt> receipt = queues.offer(queues.ann, queues.ben, "hello");
        assertEquals(List.of("hello"), ben.payloads());
        now(queues.queue.ack(queues.ben, List.of(ben.last().eventId())));
        assertEquals(Receipt.Status.STORED, now(receipt).status());
        queues.settle();
        assertEquals(0, queues.rows());
    }

    @Test
    void withoutALingerEverythingIsStored() throws Exception {
        try (Queues eager = new Queues(directory.resolve("eager"), Duration.ZERO)) {
            eager.connect(eager.ben);
            assertEquals(
                    Receipt.Status.STORED,
                    eager.store(eager.ann, eager.ben, "hello").status());
            assertEquals(1, eager.rows());
        }
    }

    @Test
    void whatWouldRunOutWithinTheLingerIsStoredAtOnce() {
        queues.connect(queues.ben);
        Receipt receipt = now(queues.queue.offer(new Offer(
                queues.ann, Queues.NAME, queues.ben, new Kind("message"), "brief", null, Duration.ofSeconds(2))));
        assertEquals(Receipt.Status.STORED, receipt.status());
    }

    @Test
    void eachReceiptSpeaksOfItsOwnEvent() {
        Ear ben = queues.connect(queues.ben);
        List<CompletableFuture<Receipt>> receipts = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            receipts.add(queues.offer(queues.ann, queues.ben, "hello " + i));
        }
        for (int i = 0; i < 20; i += 2) {
            now(queues.queue.ack(queues.ben, List.of(ben.heard().get(i).eventId())));
        }
        queues.timer.pass(Queues.LINGER);
        for (int i = 0; i < 20; i++) {
            Receipt receipt = now(receipts.get(i));
            assertEquals(i % 2 == 0 ? Receipt.Status.DELIVERED : Receipt.Status.STORED, receipt.status());
            assertEquals(ben.heard().get(i).eventId(), receipt.eventId());
        }
        assertEquals(10, queues.rows());
    }

    @Test
    void aRetrySharesTheReceiptWhileItsEventIsInMemory() {
        Ear ben = queues.connect(queues.ben);
        CompletableFuture<Receipt> first = queues.offer(queues.ann, queues.ben, "message", "first", "id-1");
        CompletableFuture<Receipt> retry = queues.offer(queues.ann, queues.ben, "message", "second", "id-1");
        assertSame(first, retry);
        assertEquals(List.of("first"), ben.payloads());
        now(queues.queue.ack(queues.ben, List.of(ben.last().eventId())));
        assertEquals(now(first), now(retry));
    }

    @Test
    void aRetryIsTheSameEventWithItsFirstContentAcrossRestarts() {
        Receipt first = now(queues.offer(queues.ann, queues.ben, "message", "first", "id-1"));
        Receipt retry = now(queues.offer(queues.ann, queues.ben, "message", "second", "id-1"));
        queues.restart();
        Receipt later = now(queues.offer(queues.ann, queues.ben, "offer", "third", "id-1"));

        assertEquals(first, retry);
        assertEquals(first, later);
        assertEquals(List.of("first"), queues.payloads(queues.ben));
    }

    @Test
    void anIdMeansNothingToAnotherSenderOrTarget() {
        Set<Id> eventIds = new HashSet<>();
        eventIds.add(now(queues.offer(queues.ann, queues.ben, "message", "a", "id-1"))
                .eventId());
        eventIds.add(now(queues.offer(queues.cat, queues.ben, "message", "b", "id-1"))
                .eventId());
        eventIds.add(now(queues.offer(queues.ann, queues.cat, "message", "c", "id-1"))
                .eventId());
        eventIds.add(now(queues.offer(queues.ann, queues.ben, "message", "d", "id-2"))
                .eventId());
        eventIds.add(
                now(queues.offer(queues.ann, queues.ben, "message", "e", null)).eventId());
        eventIds.add(
                now(queues.offer(queues.ann, queues.ben, "message", "f", null)).eventId());
        assertEquals(6, eventIds.size());
        assertEquals(List.of("a", "b", "d", "e", "f"), queues.payloads(queues.ben));
    }

    @Test
    void aRetryAfterTheAckIsDeliveredAgainUnderTheSameId() {
        Receipt first = now(queues.offer(queues.ann, queues.ben, "message", "first", "id-1"));
        now(queues.queue.ack(queues.ben, List.of(first.eventId())));
        Receipt late = now(queues.offer(queues.ann, queues.ben, "message", "first", "id-1"));
        assertEquals(first.eventId(), late.eventId());
        assertEquals(1, queues.pending(queues.ben).size());
    }

    @Test
    void aRetryAfterTheAckHasTheSameIdWhateverBecameOfTheRelaySince() {
        Ear ben = queues.connect(queues.ben);
        CompletableFuture<Receipt> first = queues.offer(queues.ann, queues.ben, "message", "first", "id-1");
        now(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, ben.last().seq()));
        assertEquals(Receipt.Status.DELIVERED, now(first).status());
        queues.kill(() -> {});
        Receipt afterKill = now(queues.offer(queues.ann, queues.ben, "message", "first", "id-1"));
        assertEquals(now(first).eventId(), afterKill.eventId());
        assertEquals(afterKill.eventId(), queues.pending(queues.ben).get(0).eventId());
        now(queues.queue.ack(queues.ben, List.of(afterKill.eventId())));
        queues.restart();
        assertEquals(0, queues.pending(queues.ben).size());
        assertEquals(
                afterKill.eventId(),
                now(queues.offer(queues.ann, queues.ben, "message", "first", "id-1"))
                        .eventId());
    }

    /** The sender's receipt waits for the same fsync, whether the recipient is there and acks at once or is away. */
    @Test
    void theMomentOfAReceiptDoesNotTellThatAHiddenRecipientIsThere() {
        queues.isVisible = false;
        queues.store(queues.ann, queues.ben, "a number is reserved");
        queues.store(queues.ann, queues.cat, "a number is reserved");
        Ear ben = queues.connect(queues.ben);
        CountDownLatch disk = new CountDownLatch(1);
        var unused = queues.store.database().writeLater(handle -> {
            Queues.await(disk);
            return true;
        });
        CompletableFuture<Receipt> there = queues.offer(queues.ann, queues.ben, "hello");
        CompletableFuture<Receipt> away = queues.offer(queues.ann, queues.cat, "hello");
        assertEquals("hello", ben.last().payload());
        var acked =
                queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, ben.last().seq());
        queues.timer.pass(Queues.LINGER);
        assertFalse(there.isDone());
        assertFalse(away.isDone());
        disk.countDown();
        now(acked);
        assertEquals(Receipt.Status.STORED, now(there).status());
        assertEquals(Receipt.Status.STORED, now(away).status());
        assertEquals(now(there).expiresAt(), now(away).expiresAt());
    }

    @Test
    void closeCommitsWhatIsInMemoryAndGivesEveryReceipt() {
        queues.connect(queues.ben);
        List<CompletableFuture<Receipt>> receipts = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            receipts.add(queues.offer(queues.ann, queues.ben, "hello " + i));
        }
        queues.queue.close();
        receipts.forEach(receipt -> assertEquals(
                Receipt.Status.STORED,
                receipt.getNow(new Receipt(queues.ann, Receipt.Status.DELIVERED, queues.time.instant()))
                        .status()));
        assertRefused(Reason.SHUTTING_DOWN, () -> queues.offer(queues.ann, queues.ben, "late"));
        queues.crash();
        assertEquals(10, queues.pending(queues.ben).size());
    }

    @Test
    void whatWasOnlyInMemoryGotNoReceiptBeforeACrash() {
        queues.connect(queues.ben);
        CompletableFuture<Receipt> receipt = queues.offer(queues.ann, queues.ben, "hello");
        queues.crash();
        assertFalse(receipt.isDone());
        assertEquals(List.of(), queues.pending(queues.ben));
    }

    @Test
    void aNumberIsNeverGivenOutTwice() {
        long last = 0;
        for (int life = 0; life < 6; life++) {
            Ear ben = queues.connect(queues.ben);
            for (int i = 0; i < 300; i++) {
                var unused = queues.offer(queues.ann, queues.ben, "signal " + i);
                long seq = ben.last().seq();
                assertTrue(seq > last, "life " + life + ": " + seq + " after " + last);
                last = seq;
                now(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, seq));
            }
            if (life % 2 == 0) {
                queues.crash();
            } else {
                queues.restart();
            }
        }
    }

    @Test
    void whatLiesOnTheDiskSaysNothing() {
        String marker = "marker-of-the-body";
        queues.store(queues.ann, queues.ben, marker);
        queues.announce(queues.ben, "connection.removed", marker, "subject-of-it");
        assertEquals(2, queues.rows());
        for (String secret : List.of(marker, "subject-of-it", "connection.removed", "message", Queues.NAME.bare())) {
            assertFalse(
                    queues.store.database().<Boolean>read(handle -> handle.createQuery(
                                    "SELECT count(*) > 0 FROM events WHERE instr(body, :secret) OR instr(sender, :secret)")
                            .bind("secret", secret.getBytes(StandardCharsets.UTF_8))
                            .mapTo(Boolean.class)
                            .one()),
                    secret);
        }
        assertFalse(queues.store.filesHold(marker));
        assertFalse(queues.store.filesHold(queues.ann.bytes()));
        assertFalse(queues.store.filesHold(queues.ben.bytes()));
    }

    @Test
    void aBodyOpensOnlyWhereItBelongs() {
        queues.store(queues.ann, queues.ben, "for ben");
        queues.store(queues.ann, queues.cat, "for cat");
        assertNotEquals(queues.payloads(queues.ben), queues.payloads(queues.cat));
        queues.store
                .database()
                .write(handle ->
                        handle.execute("UPDATE events SET body = (SELECT body FROM events ORDER BY row LIMIT 1)"));
        org.junit.jupiter.api.Assertions.assertThrows(IllegalStateException.class, () -> queues.payloads(queues.cat));
    }

    @Test
    void whoMayNotSeeTheRecipientDoesNotLearnFromARetryWhetherTheyWereThere() {
        queues.isVisible = false;
        now(queues.offer(queues.ann, queues.ben, "message", "x", "1"));
        queues.time.advance(Duration.ofSeconds(60));
        Receipt unread = now(queues.offer(queues.ann, queues.ben, "message", "x", "1"));
        now(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, Long.MAX_VALUE));
        Receipt read = now(queues.offer(queues.ann, queues.ben, "message", "x", "1"));
        assertEquals(unread, read);
    }
}
