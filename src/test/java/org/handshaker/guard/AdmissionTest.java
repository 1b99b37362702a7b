// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Standing;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AdmissionTest {
    private static final Duration LONG = Duration.ofSeconds(50);
    private static final Duration SHORT = Duration.ofMillis(50);

    private final CountDownLatch gate = new CountDownLatch(1);
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger begun = new AtomicInteger();
    private final List<Admission> opened = new ArrayList<>();

    @AfterEach
    void close() {
        gate.countDown();
        opened.forEach(Admission::close);
    }

    private Admission admission(int places, int waitingMax, Duration wait) {
        Admission admission = new Admission(places, waitingMax, wait);
        opened.add(admission);
        return admission;
    }

    /** A hash that lasts until the gate opens. */
    private int hash() {
        begun.incrementAndGet();
        most.accumulateAndGet(running.incrementAndGet(), Math::max);
        try {
            assertTrue(gate.await(30, TimeUnit.SECONDS));
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
        return running.decrementAndGet();
    }

    private void untilBegun(int hashes) {
        while (begun.get() < hashes) {
            Thread.onSpinWait();
        }
    }

    private static Throwable failureOf(CompletableFuture<?> future) {
        ExecutionException failed = assertThrows(ExecutionException.class, () -> future.get(20, TimeUnit.SECONDS));
        return failed.getCause() == null ? failed : failed.getCause();
    }

    private static Reason refusalOf(CompletableFuture<?> future) {
        return assertInstanceOf(Refused.class, failureOf(future)).reason();
    }

    @Test
    void neverMoreThanItsPlacesAtOnce() throws Exception {
        Admission admission = admission(2, 50, LONG);
        List<CompletableFuture<Integer>> hashes = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            hashes.add(admission.admit(Standing.STRANGER, this::hash));
        }
        untilBegun(2);
        gate.countDown();
        for (CompletableFuture<Integer> hash : hashes) {
            hash.get(20, TimeUnit.SECONDS);
        }
        assertEquals(20, begun.get());
        assertEquals(2, most.get());
    }

    @Test
    void whoeverWaitsTooLongIsToldBusyAndIsNeverHashed() {
        Admission admission = admission(1, 10, SHORT);
        CompletableFuture<Integer> first = admission.admit(Standing.STRANGER, this::hash);
        untilBegun(1);
        CompletableFuture<Integer> second = admission.admit(Standing.STRANGER, this::hash);
        assertEquals(Reason.BUSY, refusalOf(second));
        assertFalse(first.isDone());
        gate.countDown();
        assertEquals(0, first.join());
        assertEquals(0, admission.admit(Standing.STRANGER, () -> running.get()).join());
        assertEquals(1, begun.get());
    }

    @Test
    void aPlaceIsHeldUntilTheHashEndsEvenIfItsCallerHasLeft() {
        Admission admission = admission(1, 10, LONG);
        CompletableFuture<Integer> left = admission.admit(Standing.STRANGER, this::hash);
        untilBegun(1);
        left.cancel(true);
        CompletableFuture<Integer> next = admission.admit(Standing.STRANGER, this::hash);
        assertEquals(1, begun.get());
        gate.countDown();
        assertEquals(0, next.join());
        assertEquals(1, most.get());
    }

    @Test
    void aBoundedNumberWaits() {
        Admission admission = admission(1, 3, LONG);
        CompletableFuture<Integer> running = admission.admit(Standing.STRANGER, this::hash);
        untilBegun(1);
        List<CompletableFuture<Integer>> waiting = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            waiting.add(admission.admit(Standing.STRANGER, this::hash));
        }
        assertRefused(Reason.BUSY, () -> admission.admit(Standing.STRANGER, this::hash));
        assertEquals(1, admission.strain());
        gate.countDown();
        running.join();
        waiting.forEach(CompletableFuture::join);
        assertEquals(0, admission.strain());
    }

    @Test
    void whoIsKnownGoesBeforeAllStrangersAndHasPlacesOfTheirOwn() {
        Admission admission = admission(1, 3, LONG);
        CompletableFuture<Integer> running = admission.admit(Standing.STRANGER, this::hash);
        untilBegun(1);
        List<String> order = new CopyOnWriteArrayList<>();
        List<CompletableFuture<Boolean>> all = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            all.add(admission.admit(Standing.STRANGER, () -> order.add("stranger")));
        }
        assertRefused(Reason.BUSY, () -> admission.admit(Standing.STRANGER, () -> order.add("one too many")));
        for (int i = 0; i < 3; i++) {
            all.add(admission.admit(Standing.KNOWN, () -> order.add("known")));
        }
        assertRefused(Reason.BUSY, () -> admission.admit(Standing.KNOWN, () -> order.add("one too many")));
        gate.countDown();
        running.join();
        all.forEach(CompletableFuture::join);
        assertEquals(List.of("known", "known", "known", "stranger", "stranger", "stranger"), order);
    }

    @Test
    void whoeverHasGivenUpLeavesTheLine() {
        Admission admission = admission(1, 1, SHORT);
        var unused = admission.admit(Standing.STRANGER, this::hash);
        untilBegun(1);
        for (int i = 0; i < 3; i++) {
            assertEquals(Reason.BUSY, refusalOf(admission.admit(Standing.STRANGER, this::hash)));
        }
        assertEquals(1, begun.get());
    }

    @Test
    void whatTheWorkThrowsIsToldWhateverItIs() {
        Admission admission = admission(1, 10, LONG);
        assertEquals(Reason.BAD_CREDENTIALS, refusalOf(admission.admit(Standing.STRANGER, () -> {
            throw Reason.BAD_CREDENTIALS.refuse();
        })));
        assertInstanceOf(OutOfMemoryError.class, failureOf(admission.admit(Standing.STRANGER, () -> {
            throw new OutOfMemoryError();
        })));
        assertEquals(
                "still here",
                admission.admit(Standing.STRANGER, () -> "still here").join());
    }

    @Test
    void closedItTakesNothingMore() {
        Admission admission = admission(1, 10, LONG);
        admission.close();
        assertRefused(Reason.SHUTTING_DOWN, () -> admission.admit(Standing.STRANGER, () -> true));
    }
}
