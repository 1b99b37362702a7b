// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.handshaker.queue.Queues.now;
import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.handshaker.core.Reason;
import org.handshaker.store.Database;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What gathers for one mailbox while a commit runs is one change of the next, whatever happens to that. */
@Timeout(60)
class LedgerTest {
    private static final int EVENTS = 400;

    @TempDir
    Path directory;

    private final CountDownLatch disk = new CountDownLatch(1);
    private Queues queues;

    @BeforeEach
    void open() {
        queues = new Queues(directory);
        queues.store(queues.ann, queues.ben, "a number is reserved");
        now(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, Long.MAX_VALUE));
    }

    @AfterEach
    void close() {
        disk.countDown();
        queues.close();
    }

    private Database database() {
        return queues.store.database();
    }

    private void stall() {
        CountDownLatch stalled = new CountDownLatch(1);
        var unused = database().writeLater(handle -> {
            stalled.countDown();
            Queues.await(disk);
            return true;
        });
        Queues.await(stalled);
    }

    private List<CompletableFuture<Receipt>> offerMany() {
        List<CompletableFuture<Receipt>> receipts = new ArrayList<>();
        for (int i = 0; i < EVENTS; i++) {
            receipts.add(queues.offer(queues.ann, queues.ben, "event " + i));
        }
        return receipts;
    }

    @Test
    void manyEventsOfAMailboxTakeOnePlaceInTheLine() {
        stall();
        List<CompletableFuture<Receipt>> receipts = offerMany();
        assertEquals(1, database().changesWaiting());
        disk.countDown();
        receipts.forEach(
                receipt -> assertEquals(Receipt.Status.STORED, now(receipt).status()));
        assertEquals(EVENTS, queues.rows());
    }

    @Test
    void whatIsAckedBeforeItsTurnIsNeverWritten() {
        stall();
        List<CompletableFuture<Receipt>> receipts = offerMany();
        assertEquals(EVENTS, now(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, Long.MAX_VALUE)));
        assertEquals(1, database().changesWaiting(), "nothing to delete");
        List<Integer> rows = new ArrayList<>();
        CompletableFuture<Boolean> counted = database()
                .writeLater(handle -> rows.add(handle.createQuery("SELECT count(*) FROM events")
                        .mapTo(Integer.class)
                        .one()));
        disk.countDown();
        now(counted);
        assertEquals(List.of(0), rows);
        receipts.forEach(
                receipt -> assertEquals(Receipt.Status.STORED, now(receipt).status()));
    }

    @Test
    void acksOfAMailboxShareAPlaceInTheLineAndFindItWhenItIsFull() {
        offerMany().forEach(Queues::now);
        List<Event> pending = queues.pending(queues.ben);
        stall();
        CompletableFuture<Integer> first =
                queues.queue.ack(queues.ben, List.of(pending.get(0).eventId()));
        List<CompletableFuture<Boolean>> lined = new ArrayList<>();
        assertRefused(Reason.BUSY, () -> {
            while (true) {
                lined.add(database().writeLater(handle -> true));
            }
        });
        CompletableFuture<Integer> rest = queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, Long.MAX_VALUE);
        disk.countDown();
        assertEquals(1, now(first));
        assertEquals(EVENTS - 1, now(rest));
        assertEquals(0, queues.rows());
        lined.forEach(Queues::now);
    }

    @Test
    void anAckWhileTheCommitFailsTakesNothingElseAlong() {
        AtomicBoolean hasFailed = new AtomicBoolean();
        stall();
        List<CompletableFuture<Receipt>> receipts = offerMany();
        long half = queues.pending(queues.ben).get(49).seq();
        List<CompletableFuture<Integer>> acks = new ArrayList<>();
        CompletableFuture<Boolean> spoiler = database().writeLater(handle -> {
            if (hasFailed.compareAndSet(false, true)) {
                acks.add(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, half));
                // Takes the whole transaction along, as a full disk does.
                handle.execute("ROLLBACK");
            }
            return true;
        });
        disk.countDown();
        now(spoiler);
        receipts.forEach(
                receipt -> assertEquals(Receipt.Status.STORED, now(receipt).status()));
        assertEquals(50, now(acks.get(0)));
        assertEquals(EVENTS - 50, queues.rows());
    }
}
