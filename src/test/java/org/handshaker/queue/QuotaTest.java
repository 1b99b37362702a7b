// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.handshaker.queue.Queues.now;
import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a queue holds, and how much of it one sender may have. */
@Timeout(60)
class QuotaTest {
    private static final int HALF = Limits.QUEUE_EVENTS_MAX / 2;
    private static final String LARGE = "x".repeat(Limits.PAYLOAD_CHARS_MAX);

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

    private void send(Id sender, int events, String payload) {
        List<CompletableFuture<Receipt>> receipts = IntStream.range(0, events)
                .mapToObj(i -> queues.offer(sender, queues.ben, payload))
                .toList();
        receipts.forEach(Queues::now);
    }

    @Test
    void oneSenderHoldsAtMostHalfOfTheEvents() {
        send(queues.ann, HALF, "x");
        assertRefused(Reason.QUEUE_FULL, () -> queues.offer(queues.ann, queues.ben, "one more"));
        send(queues.cat, HALF, "x");
        assertRefused(Reason.QUEUE_FULL, () -> queues.offer(Id.random(), queues.ben, "full"));

        now(queues.queue.ackUpTo(
                queues.ben, Wanted.EVERYTHING, queues.pending(queues.ben).get(0).seq()));
        send(queues.ann, 1, "room again");
        assertRefused(Reason.QUEUE_FULL, () -> queues.offer(queues.ann, queues.ben, "full again"));
    }

    @Test
    void oneSenderHoldsAtMostHalfOfTheBytes() {
        int fitting = Limits.QUEUE_BYTES_MAX / 2 / (LARGE.length() + 64);
        send(queues.ann, fitting, LARGE);
        assertRefused(Reason.QUEUE_FULL, () -> queues.offer(queues.ann, queues.ben, LARGE));
        send(queues.cat, fitting, LARGE);
        assertRefused(
                Reason.QUEUE_FULL,
                () -> queues.offer(Id.random(), queues.ben, "\u20ac".repeat(Limits.PAYLOAD_CHARS_MAX)));
    }

    @Test
    void aRefusedOfferLeavesNoTraceAndARetryOfAPendingOneIsNotRefused() {
        Receipt first = now(queues.offer(queues.ann, queues.ben, "message", "first", "id-1"));
        send(queues.ann, HALF - 1, "x");
        assertRefused(Reason.QUEUE_FULL, () -> queues.offer(queues.ann, queues.ben, "one more"));
        assertEquals(first, now(queues.offer(queues.ann, queues.ben, "message", "first", "id-1")));
        assertEquals(HALF, queues.queue.pending(queues.ben));
        assertEquals(HALF, queues.rows());
        assertEquals(0, queues.queue.bytesInMemory());
    }

    @Test
    void theSharesAreTheSameAfterARestart() {
        send(queues.ann, HALF, "x");
        queues.restart();
        assertRefused(Reason.QUEUE_FULL, () -> queues.offer(queues.ann, queues.ben, "one more"));
        send(queues.cat, HALF, "x");
        assertRefused(Reason.QUEUE_FULL, () -> queues.offer(Id.random(), queues.ben, "full"));
    }

    @Test
    void memoryCountsLikeTheDisk() {
        queues.connect(queues.ben);
        for (int i = 0; i < HALF; i++) {
            var unused = queues.offer(queues.ann, queues.ben, "x");
        }
        assertRefused(Reason.QUEUE_FULL, () -> queues.offer(queues.ann, queues.ben, "one more"));
        assertTrue(queues.queue.bytesInMemory() > 0);
    }

    @Test
    void whatRanOutMakesRoom() {
        for (int i = 0; i < HALF; i++) {
            now(queues.offer(queues.ann, queues.ben, "offer", "x", null));
        }
        assertRefused(Reason.QUEUE_FULL, () -> queues.offer(queues.ann, queues.ben, "one more"));
        queues.time.advance(Queues.SIGNAL_TTL);
        send(queues.ann, 1, "room");
        assertEquals(List.of("room"), queues.payloads(queues.ben));
    }

    @Test
    void systemEventsHaveAnAllowanceOfTheirOwn() {
        send(queues.ann, HALF, "x");
        send(queues.cat, HALF, "x");
        for (int i = 0; i < Limits.SYSTEM_EVENTS_MAX; i++) {
            queues.announce(queues.ben, "connection.requested", "payload " + i, "subject " + i);
        }
        assertEquals(Limits.QUEUE_EVENTS_MAX + Limits.SYSTEM_EVENTS_MAX, queues.queue.pending(queues.ben));

        queues.announce(queues.ben, "connection.requested", "newest", "another subject");

        now(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, seqOfLastMessage()));
        assertEquals(Limits.SYSTEM_EVENTS_MAX, queues.queue.pending(queues.ben));
        assertEquals("payload 1", queues.payloads(queues.ben).get(0));
        assertEquals(Limits.SYSTEM_EVENTS_MAX, queues.rows());
    }

    /** Messages came first, so that a page never reaches the system events before they are gone. */
    private long seqOfLastMessage() {
        long last = 0;
        while (true) {
            List<Event> page = queues.pending(queues.ben);
            for (Event event : page) {
                if (event.eventClass() == EventClass.SYSTEM) {
                    return last;
                }
                last = event.seq();
            }
            now(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, last));
        }
    }

    @Test
    void manySystemEventsInOneCommitStayWithinTheirAllowance() {
        for (int i = 0; i < Limits.SYSTEM_EVENTS_MAX; i++) {
            queues.announce(queues.ben, "connection.requested", "payload", "subject " + i);
        }
        queues.store.database().write(handle -> {
            for (int i = 0; i < 20; i++) {
                queues.queue.announce(handle, queues.ben, "connection.accepted", "payload", "subject " + i);
            }
            return true;
        });
        queues.announce(queues.ben, "connection.removed", "payload", "subject");
        assertEquals(Limits.SYSTEM_EVENTS_MAX, queues.queue.pending(queues.ben));
        assertEquals(Limits.SYSTEM_EVENTS_MAX, queues.rows());
    }

    @Test
    void ofOneKindAboutOneSubjectOnlyTheNewestIsKept() {
        queues.announce(queues.ben, "key.changed", "first", "ann");
        queues.announce(queues.ben, "key.changed", "about cat", "cat");
        queues.announce(queues.ben, "connection.removed", "other kind", "ann");
        queues.announce(queues.ben, "key.changed", "second", "ann");
        assertEquals(List.of("about cat", "other kind", "second"), queues.payloads(queues.ben));
        queues.restart();
        queues.announce(queues.ben, "key.changed", "third", "ann");
        assertEquals(List.of("about cat", "other kind", "third"), queues.payloads(queues.ben));
        assertEquals(3, queues.rows());
    }
}
