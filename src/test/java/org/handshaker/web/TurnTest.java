// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.Test;

final class TurnTest {
    private final List<String> done = new ArrayList<>();

    private static void turn(Runnable read) {
        Turn.around(Callback.from(read)).succeeded();
    }

    private void gather(String what) {
        assertTrue(Turn.atEnd(() -> done.add(what)));
    }

    @Test
    void outsideOfATurnNothingIsGathered() {
        assertFalse(Turn.atEnd(() -> done.add("never")));
        turn(() -> {});
        assertEquals(List.of(), done);
    }

    @Test
    void whatIsGatheredIsDoneOnceInOrderAtTheEnd() {
        turn(() -> {
            gather("first");
            gather("second");
            assertEquals(List.of(), done);
        });
        assertEquals(List.of("first", "second"), done);
        assertFalse(Turn.atEnd(() -> done.add("after its end")));
    }

    @Test
    void whatIsDoneMayGatherMore() {
        turn(() -> assertTrue(Turn.atEnd(() -> {
            done.add("outer");
            gather("inner");
        })));
        assertEquals(List.of("outer", "inner"), done);
    }

    @Test
    void aReaderWithoutAnEndKeepsNobodyWaiting() {
        turn(() -> {
            for (int i = 0; i < Turn.GATHERED_MAX; i++) {
                assertEquals(0, done.size());
                gather("frame");
            }
            assertEquals(Turn.GATHERED_MAX, done.size());
        });
        assertEquals(Turn.GATHERED_MAX, done.size());
    }

    /** Also where it gathers little: what waits for its end is done meanwhile. */
    @Test
    void aTurnThatGoesOnDoesWhatItGathered() {
        turn(() -> {
            gather("event");
            Turn.goesOn();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
            while (done.isEmpty() && System.nanoTime() < end) {
                Turn.goesOn();
            }
            assertEquals(List.of("event"), done);
        });
        assertEquals(List.of("event"), done);
        Turn.goesOn();
    }

    @Test
    void whoMayWaitDoesWhatItGatheredBefore() {
        turn(() -> {
            gather("event");
            Turn.beforeWaiting();
            assertEquals(List.of("event"), done);
            gather("receipt");
        });
        assertEquals(List.of("event", "receipt"), done);
        Turn.beforeWaiting();
    }

    @Test
    void oneThatFailsTakesNoOtherAlong() {
        IllegalStateException failure = new IllegalStateException("its connection broke");
        assertSame(
                failure,
                assertThrows(
                        IllegalStateException.class,
                        () -> turn(() -> {
                            gather("before");
                            assertTrue(Turn.atEnd(() -> {
                                throw failure;
                            }));
                            gather("behind");
                        })));
        assertEquals(List.of("before", "behind"), done);
    }

    @Test
    void whatFailsOnTheWayIsNotTheReadersFailure() {
        IllegalStateException failure = new IllegalStateException("another connection broke");
        assertSame(
                failure,
                assertThrows(
                        IllegalStateException.class,
                        () -> turn(() -> {
                            for (int i = 0; i < Turn.GATHERED_MAX; i++) {
                                assertTrue(Turn.atEnd(() -> {
                                    throw failure;
                                }));
                            }
                            done.add("read on");
                        })));
        assertEquals(List.of("read on"), done);
    }

    @Test
    void aReadThatFailsStillEndsItsTurn() {
        assertThrows(
                IllegalStateException.class,
                () -> turn(() -> {
                    gather("written all the same");
                    throw new IllegalStateException("malformed");
                }));
        assertEquals(List.of("written all the same"), done);
    }
}
