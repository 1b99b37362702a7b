// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.handshaker.queue.Queues.now;
import static org.handshaker.queue.Queues.refusal;
import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.store.Database;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How events leave a queue: acked, expired, cleared, dropped with a connection or an account. */
@Timeout(60)
class RemovalTest {
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

    private int ackUpTo(Wanted wanted, long seq) {
        return now(queues.queue.ackUpTo(queues.ben, wanted, seq));
    }

    private long seq(int index) {
        return queues.pending(queues.ben).get(index).seq();
    }

    private CompletableFuture<Receipt> signal(Id sender, Id target, String payload) {
        return queues.offer(sender, target, "offer", payload, null);
    }

    private long expired() {
        return queues.queue.page(queues.ben, Wanted.EVERYTHING, 1).expired();
    }

    @Test
    void anAckRemovesEverythingUpToItsNumberAndNothingPastIt() {
        for (int i = 0; i < 5; i++) {
            queues.store(queues.ann, queues.ben, "event " + i);
        }
        long third = seq(2);
        assertEquals(3, ackUpTo(Wanted.EVERYTHING, third));
        assertEquals(0, ackUpTo(Wanted.EVERYTHING, third));
        assertEquals(List.of("event 3", "event 4"), queues.payloads(queues.ben));
        assertEquals(2, queues.rows());
        queues.crash();
        assertEquals(List.of("event 3", "event 4"), queues.payloads(queues.ben));
    }

    @Test
    void anAckOfSingleEventsRemovesThese() {
        for (int i = 0; i < 5; i++) {
            queues.store(queues.ann, queues.ben, "event " + i);
        }
        List<Event> pending = queues.pending(queues.ben);
        Id second = pending.get(1).eventId();
        Id fourth = pending.get(3).eventId();
        assertEquals(2, now(queues.queue.ack(queues.ben, List.of(fourth, second, second, Id.random()))));
        assertEquals(List.of("event 0", "event 2", "event 4"), queues.payloads(queues.ben));
        assertEquals(3, queues.rows());
    }

    @Test
    void anAckOfAnothersEventsRemovesNothing() {
        Receipt forBen = queues.store(queues.ann, queues.ben, "for ben");
        assertEquals(0, now(queues.queue.ack(queues.cat, List.of(forBen.eventId()))));
        assertEquals(0, now(queues.queue.ackUpTo(queues.cat, Wanted.EVERYTHING, Long.MAX_VALUE)));
        assertEquals(0, now(queues.queue.ack(queues.ann, List.of(forBen.eventId()))));
        assertEquals(List.of("for ben"), queues.payloads(queues.ben));
    }

    @Test
    void aPollerOfSignalsAcksSignalsOnly() {
        queues.store(queues.ann, queues.ben, "message");
        now(signal(queues.ann, queues.ben, "signal"));
        assertEquals(1, ackUpTo(Wanted.SIGNALS, Long.MAX_VALUE));
        assertEquals(List.of("message"), queues.payloads(queues.ben));
    }

    @Test
    void clearRemovesOnesOwnSignalsAndNothingElse() {
        queues.store(queues.ann, queues.ben, "message");
        now(signal(queues.ann, queues.ben, "for ben"));
        now(signal(queues.ben, queues.ann, "for ann"));
        queues.announce(queues.ben, "connection.accepted", "system", "ann");
        assertEquals(1, now(queues.queue.clearSignals(queues.ben)));
        assertEquals(List.of("message", "system"), queues.payloads(queues.ben));
        assertEquals(List.of("for ann"), queues.payloads(queues.ann));
        assertEquals(0, now(queues.queue.clearSignals(queues.ben)));
    }

    @Test
    void anAckWhileTheInsertIsUnderWayLeavesNoRow() {
        Ear ben = queues.connect(queues.ben);
        queues.isVisible = false;
        queues.store(queues.ann, queues.ben, "reserves");
        CompletableFuture<Receipt> receipt = queues.store.database().write(handle -> {
            CompletableFuture<Receipt> committing = queues.offer(queues.ann, queues.ben, "committing");
            var unused = queues.queue.ackUpTo(
                    queues.ben, Wanted.EVERYTHING, ben.last().seq());
            return committing;
        });
        assertEquals(Receipt.Status.STORED, now(receipt).status());
        queues.settle();
        assertEquals(0, queues.rows());
        assertEquals(0, queues.queue.pending(queues.ben));
        assertEquals(0, queues.queue.bytesInMemory());
    }

    @Test
    void whatTheDiskWouldNotDeleteIsStillInTheQueue() {
        Receipt receipt = queues.store(queues.ann, queues.ben, "stays");
        queues.store
                .database()
                .write(handle -> handle.execute(
                        "CREATE TRIGGER stuck BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'stuck'); END"));
        CompletableFuture<Integer> ack = queues.queue.ack(queues.ben, List.of(receipt.eventId()));
        assertTrue(ack.handle((removed, failed) -> failed != null).join());
        assertEquals(List.of("stays"), queues.payloads(queues.ben));
        queues.store.database().write(handle -> handle.execute("DROP TRIGGER stuck"));
        assertEquals(1, now(queues.queue.ack(queues.ben, List.of(receipt.eventId()))));
        assertEquals(0, queues.rows());
    }

    @Test
    void aFullDiskRefusesTheEventAndKeepsTheQueue() {
        queues.store(queues.ann, queues.ben, "kept");
        limitPages(pages());
        CompletableFuture<Receipt> refused = queues.offer(queues.ann, queues.ben, "x".repeat(60_000));
        assertEquals(Reason.STORAGE_FULL, refusal(refused));
        assertEquals(List.of("kept"), queues.payloads(queues.ben));
        assertEquals(1, ackUpTo(Wanted.EVERYTHING, seq(0)));
        assertEquals(0, queues.queue.bytesInMemory());
        limitPages(1_000_000);
        queues.store(queues.ann, queues.ben, "x".repeat(60_000));
        assertEquals(1, queues.queue.pending(queues.ben));
    }

    private void limitPages(long pages) {
        queues.store.database().write(handle -> handle.createQuery("PRAGMA max_page_count = " + pages)
                .mapTo(Long.class)
                .one());
    }

    private long pages() {
        return queues.store.database().<Long>read(handle -> handle.createQuery("PRAGMA page_count")
                .mapTo(Long.class)
                .one());
    }

    @Test
    void signalsAndMessagesRunOutInTheirTimeAndAreCounted() {
        now(signal(queues.ann, queues.ben, "signal"));
        queues.store(queues.ann, queues.ben, "message");
        queues.time.advance(Queues.SIGNAL_TTL.minusSeconds(1));
        assertEquals(2, queues.queue.pending(queues.ben));
        queues.time.advance(Duration.ofSeconds(1));
        assertEquals(List.of("message"), queues.payloads(queues.ben));
        assertEquals(1, expired());
        queues.time.advance(Queues.MESSAGE_TTL);
        assertEquals(List.of(), queues.payloads(queues.ben));
        assertEquals(2, expired());
        queues.restart();
        assertEquals(2, expired());
        queues.sweep();
        assertEquals(0, queues.rows());
        assertEquals(2, expired());
    }

    @Test
    void whatRanOutIsDeletedInChangesThatFitAFullDisk() {
        int events = 50;
        for (int i = 0; i < events; i++) {
            queues.store(queues.ann, queues.ben, "x".repeat(60_000));
        }
        queues.crash();
        queues.time.advance(Queues.MESSAGE_TTL);
        int first = queues.sweep();
        assertTrue(first > 0 && first * 60_000 <= 2 * 1_024 * 1_024, first + " at once");
        int gone = first;
        for (int more = queues.sweep(); more > 0; more = queues.sweep()) {
            gone += more;
        }
        assertEquals(events, gone);
        assertEquals(0, queues.rows());
        assertEquals(events, expired());
    }

    @Test
    void theSweeperCountsWhatRanOutInAQueueThatNobodyReads() {
        now(signal(queues.ann, queues.ben, "one"));
        now(signal(queues.ann, queues.ben, "two"));
        queues.crash();
        queues.time.advance(Queues.SIGNAL_TTL);
        assertEquals(2, queues.sweep());
        assertEquals(0, queues.rows());
        assertEquals(2, expired());
    }

    @Test
    void theSweeperAndAReaderCountOnce() {
        now(signal(queues.ann, queues.ben, "one"));
        queues.time.advance(Queues.SIGNAL_TTL);
        queues.sweep();
        queues.settle();
        assertEquals(1, expired());
        queues.crash();
        assertEquals(1, expired());
    }

    @Test
    void anAskedLifeShortensAndNeverLengthens() {
        Duration brevity = Duration.ofSeconds(10);
        Receipt brief = now(queues.queue.offer(
                new Offer(queues.ann, Queues.NAME, queues.ben, new Kind("message"), "brief", null, brevity)));
        assertEquals(queues.time.instant().plus(brevity), brief.expiresAt());
        Receipt asked = now(queues.queue.offer(
                new Offer(queues.ann, Queues.NAME, queues.ben, new Kind("offer"), "x", null, Duration.ofDays(30))));
        assertEquals(queues.time.instant().plus(Queues.SIGNAL_TTL), asked.expiresAt());
        queues.time.advance(brevity);
        assertEquals(List.of("x"), queues.payloads(queues.ben));
    }

    @Test
    void anEventInMemoryThatAClockJumpEndsIsCountedAndItsSenderIsTold() {
        queues.connect(queues.ben);
        CompletableFuture<Receipt> receipt = signal(queues.ann, queues.ben, "signal");
        queues.time.advance(Queues.SIGNAL_TTL);
        assertEquals(1, expired());
        assertEquals(Reason.BUSY, refusal(receipt));
        queues.timer.pass(Queues.LINGER);
        queues.crash();
        assertEquals(1, expired());
    }

    @Test
    void dropBetweenRemovesWhatIsPendingOfTheTwoInEveryState() {
        queues.store(queues.ann, queues.ben, "stored");
        queues.store(queues.cat, queues.ben, "of another");
        queues.store(queues.ben, queues.ann, "back");
        queues.announce(queues.ben, "connection.accepted", "system", "ann");
        Ear ear = queues.connect(queues.ben);
        CompletableFuture<Receipt> inMemory = queues.offer(queues.ann, queues.ben, "in memory");
        assertEquals(4, ear.heard().size());
        CompletableFuture<Receipt> committing = queues.store.database().write(handle -> {
            queues.queue.dropBetween(handle, queues.ann, queues.ben);
            queues.queue.announce(handle, queues.ben, "connection.removed", "hidden", "ann");
            queues.isVisible = false;
            return queues.offer(queues.ann, queues.ben, "committing");
        });

        assertEquals(Reason.NOT_CONNECTED, refusal(inMemory));
        assertEquals(Reason.NOT_CONNECTED, refusal(committing));
        assertEquals(List.of("of another", "system", "hidden"), queues.payloads(queues.ben));
        assertEquals(List.of(), queues.payloads(queues.ann));
        queues.settle();
        assertEquals(3, queues.rows());
        assertEquals(0, queues.queue.bytesInMemory());
        queues.crash();
        assertEquals(List.of("of another", "system", "hidden"), queues.payloads(queues.ben));
    }

    @Test
    void aRefusedDropRemovesNothing() {
        queues.store(queues.ann, queues.ben, "stays");
        assertRefused(Reason.NOT_FOUND, () -> queues.store.database().write(handle -> {
            queues.queue.dropBetween(handle, queues.ann, queues.ben);
            throw Reason.NOT_FOUND.refuse();
        }));
        assertEquals(List.of("stays"), queues.payloads(queues.ben));
        assertEquals(1, queues.rows());
    }

    @Test
    void whatALingerEndsDuringADropIsGoneToo() {
        queues.connect(queues.ben);
        CompletableFuture<Receipt> receipt = queues.offer(queues.ann, queues.ben, "lingers");
        queues.store.database().write(handle -> {
            queues.queue.dropBetween(handle, queues.ann, queues.ben);
            queues.timer.pass(Queues.LINGER);
            return true;
        });
        assertEquals(Reason.NOT_CONNECTED, refusal(receipt));
        queues.settle();
        assertEquals(0, queues.rows());
        assertEquals(0, queues.queue.pending(queues.ben));
    }

    @Test
    void anAccountThatGoesTakesItsQueueWithIt() {
        queues.store(queues.ann, queues.ben, "stored");
        queues.store(queues.ann, queues.cat, "of another");
        Ear ear = queues.connect(queues.ben);
        CompletableFuture<Receipt> inMemory = queues.offer(queues.ann, queues.ben, "in memory");
        CompletableFuture<Page> poll = queues.queue.poll(queues.ben, Wanted.SIGNALS, 1, Duration.ofSeconds(30));
        assertEquals(2, ear.heard().size());

        queues.accountGone(queues.ben);

        assertEquals(Reason.NOT_CONNECTED, refusal(inMemory));
        assertEquals(List.of(), now(poll).events());
        queues.timer.pass(Queues.LINGER);
        queues.settle();
        assertEquals(1, queues.rows());
        assertEquals(List.of("of another"), queues.payloads(queues.cat));
        assertEquals(List.of(), queues.payloads(queues.ben));
        assertFalse(ear.heard().isEmpty());
        assertEquals(0, queues.queue.bytesInMemory());
    }

    @Test
    void aLateInsertOfAGoneAccountLandsInNobodyElsesQueue() {
        queues.store(queues.ann, queues.ben, "reserves");
        CompletableFuture<Receipt> late = queues.store.database().write(handle -> {
            queues.queue.accountGone(handle, queues.ben);
            // The next queue, as if another user got a first event in between.
            new QueueStore().reserve(handle, new byte[32], 10);
            return queues.offer(queues.ann, queues.ben, "late");
        });
        assertEquals(Reason.NOT_CONNECTED, refusal(late));
        queues.settle();
        assertEquals(0, queues.rows());
    }

    @Test
    void aLateInsertOfAGoneAccountUndoesNothingThatIsCommittedWithIt() {
        queues.store(queues.ann, queues.ben, "reserves");
        queues.store(queues.ann, queues.cat, "reserves");
        Database database = queues.store.database();
        AtomicInteger timesMade = new AtomicInteger();
        List<CompletableFuture<Receipt>> receipts = database.write(handle -> {
            // Lined up while the commit thread is here, all three are one commit.
            var unused = database.writeLater(next -> {
                queues.queue.accountGone(next, queues.ben);
                return timesMade.incrementAndGet();
            });
            return List.of(
                    queues.offer(queues.ann, queues.ben, "late"), queues.offer(queues.ann, queues.cat, "in company"));
        });
        assertEquals(Reason.NOT_CONNECTED, refusal(receipts.get(0)));
        assertEquals(Receipt.Status.STORED, now(receipts.get(1)).status());
        queues.settle();
        assertEquals(2, queues.rows());
        assertEquals(1, timesMade.get());
    }
}
