// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.handshaker.queue.Queues.now;
import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How an owner comes to see events: pushed, paged, waited for. */
@Timeout(60)
class DeliveryTest {
    private static final Duration WAIT = Duration.ofSeconds(30);

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

    private CompletableFuture<Page> poll(Wanted wanted) {
        return queues.queue.poll(queues.ben, wanted, 100, WAIT);
    }

    @Test
    void aDeviceGetsWhatIsPendingOldestFirstAndThenWhatComes() {
        queues.store(queues.ann, queues.ben, "one");
        queues.store(queues.cat, queues.ben, "two");
        Ear ben = queues.connect(queues.ben);
        var unused = queues.offer(queues.ann, queues.ben, "three");
        assertEquals(List.of("one", "two", "three"), ben.payloads());
    }

    @Test
    void nobodyElseGetsIt() {
        Ear cat = queues.connect(queues.cat);
        Ear ann = queues.connect(queues.ann);
        queues.store(queues.ann, queues.ben, "for ben");
        assertEquals(List.of(), cat.payloads());
        assertEquals(List.of(), ann.payloads());
        assertEquals(List.of(), queues.pending(queues.ann));
    }

    @Test
    void severalDevicesShareTheQueueAndAnAckFromAnyRemoves() {
        Ear one = queues.connect(queues.ben);
        Ear two = queues.connect(queues.ben);
        var unused = queues.offer(queues.ann, queues.ben, "hello");
        assertEquals(one.heard(), two.heard());
        now(queues.queue.ack(queues.ben, List.of(two.last().eventId())));
        assertEquals(List.of(), queues.pending(queues.ben));
        assertEquals(List.of(), queues.connect(queues.ben).payloads());
    }

    @Test
    void aDeviceThatLeftGetsNothingMoreAndOneThatComesBackGetsItAgain() {
        Ear first = queues.connect(queues.ben);
        var unused = queues.offer(queues.ann, queues.ben, "hello");
        queues.queue.disconnect(queues.ben, first);
        queues.store(queues.ann, queues.ben, "second");
        assertEquals(List.of("hello"), first.payloads());
        assertEquals(List.of("hello", "second"), queues.connect(queues.ben).payloads());
    }

    @Test
    void aSlowReaderHasAWindowAndTheRestWaits() {
        Ear slow = queues.connect(queues.ben);
        int sent = Limits.UNACKED_PER_SOCKET_MAX + 50;
        for (int i = 0; i < sent; i++) {
            var unused = queues.offer(i % 2 == 0 ? queues.ann : queues.cat, queues.ben, "event " + i);
        }
        assertEquals(Limits.UNACKED_PER_SOCKET_MAX, slow.heard().size());
        now(queues.queue.ack(queues.ben, List.of(slow.heard().get(7).eventId())));
        assertEquals(Limits.UNACKED_PER_SOCKET_MAX + 1, slow.heard().size());
        now(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, slow.last().seq()));
        assertEquals(sent, slow.heard().size());
        for (int i = 0; i < sent; i++) {
            assertEquals("event " + i, slow.payloads().get(i));
        }
    }

    @Test
    void theWindowIsBoundedInBytesAndALargeEventGoesAlone() {
        Ear slow = queues.connect(queues.ben);
        String large = "x".repeat(Limits.PAYLOAD_CHARS_MAX);
        int fitting = Limits.UNACKED_BYTES_PER_SOCKET_MAX / (large.length() + 64);
        for (int i = 0; i < fitting + 5; i++) {
            var unused = queues.offer(queues.ann, queues.ben, large);
        }
        assertEquals(fitting, slow.heard().size());
        now(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, slow.last().seq()));
        assertEquals(fitting + 5, slow.heard().size());
    }

    @Test
    void aWindowOpensWhenItsEventsRunOut() {
        Ear slow = queues.connect(queues.ben);
        for (int i = 0; i < Limits.UNACKED_PER_SOCKET_MAX; i++) {
            now(atOnce(queues.offer(queues.ann, queues.ben, "offer", "signal", null)));
        }
        now(atOnce(queues.offer(queues.cat, queues.ben, "message", "waiting", null)));
        assertEquals(Limits.UNACKED_PER_SOCKET_MAX, slow.heard().size());
        queues.time.advance(Queues.SIGNAL_TTL);
        queues.sweep();
        assertEquals("waiting", slow.last().payload());
    }

    private CompletableFuture<Receipt> atOnce(CompletableFuture<Receipt> receipt) {
        queues.timer.pass(Queues.LINGER);
        return receipt;
    }

    /** Whoever notices first that something ran out may be a sender whose own offer changes nothing. */
    @Test
    void aWindowOpensWhenARetryOrARefusedOfferFindsThatItsEventsRanOut() {
        for (boolean isRetry : new boolean[] {true, false}) {
            Id reader = Id.random();
            Ear ear = queues.connect(reader);
            now(queues.queue.offer(new Offer(
                    queues.cat, Queues.NAME, reader, new Kind("message"), "runs out", null, Duration.ofSeconds(1))));
            for (int i = 1; i <= Limits.QUEUE_EVENTS_MAX / 2; i++) {
                var unused = queues.offer(queues.ann, reader, "message", "x", "id " + i);
            }
            assertEquals(Limits.UNACKED_PER_SOCKET_MAX, ear.heard().size());
            queues.time.advance(Duration.ofSeconds(2));
            if (isRetry) {
                var unused = queues.offer(queues.ann, reader, "message", "x", "id 1");
            } else {
                assertRefused(Reason.QUEUE_FULL, () -> queues.offer(queues.ann, reader, "one too many"));
            }
            assertEquals(Limits.UNACKED_PER_SOCKET_MAX + 1, ear.heard().size(), "retry: " + isRetry);
        }
    }

    @Test
    void aWindowIsNotOverfilledByWhatRanOutInTheMiddleOfIt() {
        for (int i = 0; i < 250; i++) {
            var unused = queues.offer(queues.ann, queues.ben, "x");
        }
        for (int i = 0; i < 20; i++) {
            var unused = queues.queue.offer(new Offer(
                    queues.cat, Queues.NAME, queues.ben, new Kind("message"), "gone", null, Duration.ofSeconds(1)));
        }
        for (int i = 0; i < 250; i++) {
            var unused = queues.offer(queues.ann, queues.ben, "x");
        }
        queues.time.advance(Duration.ofSeconds(2));
        assertEquals(
                Limits.UNACKED_PER_SOCKET_MAX,
                queues.connect(queues.ben).heard().size());
    }

    @Test
    void aWindowOpensWhenASendersEventsAreDropped() {
        Ear slow = queues.connect(queues.ben);
        for (int i = 0; i < Limits.UNACKED_PER_SOCKET_MAX; i++) {
            var unused = queues.offer(queues.ann, queues.ben, "message");
        }
        var unused = queues.offer(queues.cat, queues.ben, "waiting");
        queues.dropBetween(queues.ann, queues.ben);
        assertEquals("waiting", slow.last().payload());
    }

    @Test
    void aPollWaitsForTheFirstEventItWants() {
        CompletableFuture<Page> signals = poll(Wanted.SIGNALS);
        CompletableFuture<Page> everything = poll(Wanted.EVERYTHING);
        queues.announce(queues.ben, "connection.accepted", "{}", "ann");
        assertEquals(1, now(everything).events().size());
        assertFalse(signals.isDone());
        var unused = queues.offer(queues.ann, queues.ben, "answer", "sdp", null);
        assertEquals("sdp", now(signals).events().get(0).payload());
    }

    @Test
    void aPollThatHearsNothingEndsWhenItsTimeIsOver() {
        CompletableFuture<Page> poll = poll(Wanted.EVERYTHING);
        queues.timer.pass(WAIT.minusMillis(1));
        assertFalse(poll.isDone());
        queues.timer.pass(Duration.ofMillis(1));
        assertEquals(List.of(), now(poll).events());
        assertTrue(now(queues.queue.poll(queues.ben, Wanted.EVERYTHING, 1, Duration.ZERO))
                .events()
                .isEmpty());
        assertEquals(0, queues.timer.waiting());
    }

    @Test
    void oneUserHasABoundedNumberOfPollsWaitingAndTheOldestGives() {
        List<CompletableFuture<Page>> polls = new ArrayList<>();
        for (int i = 0; i < Limits.WAITERS_PER_USER_MAX + 2; i++) {
            polls.add(poll(Wanted.EVERYTHING));
        }
        assertTrue(polls.get(0).isDone());
        assertTrue(polls.get(1).isDone());
        assertFalse(polls.get(2).isDone());
        var unused = queues.offer(queues.ann, queues.ben, "hello");
        polls.subList(2, polls.size())
                .forEach(poll -> assertEquals(1, now(poll).events().size()));
        queues.timer.pass(Queues.LINGER);
        assertEquals(0, queues.timer.waiting());
    }

    @Test
    void allUsersTogetherHaveABoundedNumberOfPollsWaiting() {
        List<CompletableFuture<Page>> polls = new ArrayList<>();
        while (polls.size() < Limits.WAITERS_MAX) {
            Id user = Id.random();
            for (int i = 0; i < Limits.WAITERS_PER_USER_MAX; i++) {
                polls.add(queues.queue.poll(user, Wanted.EVERYTHING, 1, WAIT));
            }
        }
        assertRefused(Reason.BUSY, () -> poll(Wanted.EVERYTHING));
        queues.store(queues.ann, queues.ben, "hello");
        assertEquals(1, now(poll(Wanted.EVERYTHING)).events().size());
        queues.timer.pass(WAIT);
        polls.forEach(Queues::now);
        now(queues.queue.ackUpTo(queues.ben, Wanted.EVERYTHING, Long.MAX_VALUE));
        assertFalse(poll(Wanted.EVERYTHING).isDone());
    }

    @Test
    void closeWakesEveryPoll() {
        CompletableFuture<Page> poll = poll(Wanted.EVERYTHING);
        queues.queue.close();
        assertEquals(List.of(), now(poll).events());
        assertTrue(poll(Wanted.EVERYTHING).isDone());
    }

    @Test
    void aPageHoldsWhatFitsAnAnswerAndSaysThatThereIsMore() {
        for (int i = 0; i < 5; i++) {
            queues.store(queues.ann, queues.ben, "x".repeat(30_000));
        }
        Page page = queues.queue.page(queues.ben, Wanted.EVERYTHING, 100);
        assertEquals(3, page.events().size());
        assertTrue(page.more());
        assertTrue(page.events().stream().mapToInt(Event::jsonBytesMax).sum() <= Limits.ANSWER_BYTES_MAX);
        now(queues.queue.ackUpTo(
                queues.ben, Wanted.EVERYTHING, page.events().get(2).seq()));
        Page rest = queues.queue.page(queues.ben, Wanted.EVERYTHING, 100);
        assertEquals(2, rest.events().size());
        assertFalse(rest.more());
    }

    @Test
    void anEventLargerThanAnAnswerGoesAlone() {
        queues.store(queues.ann, queues.ben, "\u0001".repeat(Limits.PAYLOAD_CHARS_MAX));
        queues.store(queues.ann, queues.ben, "small");
        Page page = queues.queue.page(queues.ben, Wanted.EVERYTHING, 100);
        assertEquals(1, page.events().size());
        assertTrue(page.more());
    }

    @Test
    void aPageHasAtMostWhatWasAskedFor() {
        for (int i = 0; i < 5; i++) {
            queues.store(queues.ann, queues.ben, "event " + i);
        }
        assertTrue(queues.queue.page(queues.ben, Wanted.EVERYTHING, 4).more());
        assertEquals(
                4, queues.queue.page(queues.ben, Wanted.EVERYTHING, 4).events().size());
        assertFalse(queues.queue.page(queues.ben, Wanted.EVERYTHING, 5).more());
    }

    @Test
    void anotherLifesEpochIsRefused() {
        queues.queue.requireEpoch(null);
        queues.queue.requireEpoch(queues.queue.epoch());
        assertRefused(Reason.STALE_QUEUE_EPOCH, () -> queues.queue.requireEpoch("another"));
        String epoch = queues.queue.epoch();
        queues.restart();
        queues.queue.requireEpoch(epoch);
    }

    @Test
    void nothingIsShownBeforeAnEarlierEventOfAChangeThatIsNotCommitted() {
        queues.store(queues.ann, queues.ben, "first");
        Ear ben = queues.connect(queues.ben);
        queues.store.database().write(handle -> {
            queues.queue.announce(handle, queues.ben, "connection.accepted", "hidden", "cat");
            var unused = queues.offer(queues.ann, queues.ben, "behind");
            assertEquals(List.of("first"), ben.payloads());
            assertEquals(List.of("first"), queues.payloads(queues.ben));
            return true;
        });
        assertEquals(List.of("first", "hidden", "behind"), ben.payloads());
        assertEquals(List.of("first", "hidden", "behind"), queues.payloads(queues.ben));
    }

    @Test
    void anEventOfARefusedChangeWasNeverThere() {
        queues.store(queues.ann, queues.ben, "first");
        Ear ben = queues.connect(queues.ben);
        assertRefused(Reason.NOT_FOUND, () -> queues.store.database().write(handle -> {
            queues.queue.announce(handle, queues.ben, "connection.accepted", "never", "cat");
            var unused = queues.offer(queues.ann, queues.ben, "behind");
            throw Reason.NOT_FOUND.refuse();
        }));
        assertEquals(List.of("first", "behind"), ben.payloads());
        queues.restart();
        assertEquals(List.of("first", "behind"), queues.payloads(queues.ben));
    }

    @Test
    void aQueueThatIsIdleIsForgottenAndComesBackWhole() {
        queues.store(queues.ann, queues.ben, "kept");
        queues.settle();
        queues.sweep();
        queues.sweep();
        assertEquals(0, queues.queue.queuesInMemory());
        assertEquals(List.of("kept"), queues.payloads(queues.ben));
        var unused = queues.offer(queues.ann, queues.ben, "next");
        assertEquals(2, queues.queue.pending(queues.ben));
    }

    @Test
    void aQueueWithAChangeOnItsWayIsNotForgotten() {
        Receipt receipt = queues.store(queues.ann, queues.ben, "acked");
        queues.settle();
        queues.store.database().write(handle -> {
            var unused = queues.queue.ack(queues.ben, List.of(receipt.eventId()));
            queues.queue.expire(handle, queues.time.instant());
            queues.queue.expire(handle, queues.time.instant());
            assertEquals(0, queues.queue.pending(queues.ben));
            return true;
        });
        queues.settle();
        assertEquals(0, queues.queue.pending(queues.ben));
    }
}
