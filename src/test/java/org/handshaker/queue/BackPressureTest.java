// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.handshaker.queue.Queues.now;
import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that does not keep up: senders are refused in time, readers notice nothing, and service comes back by itself. */
class BackPressureTest {
    private static final long MIB = 1_024 * 1_024;

    @TempDir
    Path directory;

    private final CountDownLatch disk = new CountDownLatch(1);
    private Queues queues;

    @BeforeEach
    void open() {
        queues = new Queues(directory);
    }

    @AfterEach
    void close() {
        disk.countDown();
        queues.close();
    }

    private void stall() {
        CountDownLatch stalled = new CountDownLatch(1);
        var unused = queues.store.database().writeLater(handle -> {
            stalled.countDown();
            Queues.await(disk);
            return true;
        });
        Queues.await(stalled);
    }

    @Test
    void aFullCommitQueueRefusesSendersAndNobodyElse() {
        queues.store(queues.ann, queues.ben, "stored");
        Ear ben = queues.connect(queues.ben);
        CompletableFuture<Receipt> inMemory = queues.offer(queues.ann, queues.ben, "in memory");
        queues.isVisible = false;
        stall();
        List<CompletableFuture<Boolean>> lined = new ArrayList<>();
        assertRefused(Reason.BUSY, () -> {
            while (true) {
                lined.add(queues.store.database().writeLater(handle -> true));
            }
        });
        assertRefused(Reason.BUSY, () -> queues.offer(queues.ann, queues.ben, "no room in the line"));
        assertEquals(List.of("stored", "in memory"), queues.payloads(queues.ben));
        now(queues.queue.ack(queues.ben, List.of(ben.last().eventId())));
        assertEquals(
                Receipt.Status.DELIVERED, now(inMemory).status(), "what is in memory only is acked without the disk");
        disk.countDown();
        lined.forEach(Queues::now);
        assertEquals(
                Receipt.Status.STORED,
                queues.store(queues.ann, queues.ben, "room again").status());
        assertEquals(2, now(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, Long.MAX_VALUE)));
    }

    @Test
    void bodiesThatWaitForTheDiskAreBoundedInBytes() {
        List<Id> targets = new ArrayList<>();
        for (int i = 0; i < 48; i++) {
            targets.add(Id.random());
            queues.store(queues.ann, targets.get(i), "a number is reserved");
        }
        stall();
        String payload = "x".repeat(60_000);
        List<CompletableFuture<Receipt>> receipts = new ArrayList<>();
        assertRefused(Reason.BUSY, () -> {
            for (int i = 0; i < 48 * 60; i++) {
                receipts.add(queues.offer(queues.ann, targets.get(i % 48), payload));
            }
        });
        long bytes = queues.queue.bytesInMemory();
        assertTrue(bytes > 127 * MIB && bytes < 129 * MIB, bytes + " bytes in memory");
        assertEquals(payload, queues.payloads(targets.get(0)).get(1), "reading goes on");
        disk.countDown();
        receipts.forEach(
                receipt -> assertEquals(Receipt.Status.STORED, now(receipt).status()));
        assertEquals(0, queues.queue.bytesInMemory());
        queues.store(queues.ann, targets.get(0), "room again");
    }

    /** Two who work together, one sending and one acking at once, would else make the relay keep whatever they like. */
    @Test
    void whatIsAckedWhileItWaitsForTheDiskCountsForAsLongAsItIsKept() {
        List<Id> targets = new ArrayList<>();
        for (int i = 0; i < 48; i++) {
            targets.add(Id.random());
            queues.store(queues.ann, targets.get(i), "a number is reserved");
            now(queues.queue.ackUpTo(targets.get(i), Wanted.EVERYTHING, Long.MAX_VALUE));
        }
        stall();
        String payload = "x".repeat(60_000);
        List<CompletableFuture<Receipt>> receipts = new ArrayList<>();
        assertRefused(Reason.BUSY, () -> {
            for (int i = 0; i < 48 * 60; i++) {
                receipts.add(queues.offer(queues.ann, targets.get(i % 48), payload));
                assertEquals(1, now(queues.queue.ackUpTo(targets.get(i % 48), Wanted.EVERYTHING, Long.MAX_VALUE)));
            }
        });
        long bytes = queues.queue.bytesInMemory();
        assertTrue(bytes > 127 * MIB && bytes < 129 * MIB, bytes + " bytes in memory");
        disk.countDown();
        receipts.forEach(
                receipt -> assertEquals(Receipt.Status.STORED, now(receipt).status()));
        assertEquals(0, queues.queue.bytesInMemory());
        assertEquals(0, queues.rows());
        queues.store(queues.ann, targets.get(0), "room again");
    }
}
