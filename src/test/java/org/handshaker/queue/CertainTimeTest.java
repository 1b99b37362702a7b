// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import org.handshaker.support.TestTime;
import org.junit.jupiter.api.Test;

class CertainTimeTest {
    private final TestTime wall = new TestTime();
    private final Instant start = wall.instant();
    private long nanos = -3;
    private boolean isConfirmed;
    private int questions;

    private CertainTime reached(Instant reached) {
        return new CertainTime(wall, () -> nanos, this::confirms, reached);
    }

    private boolean confirms(Instant time) {
        questions++;
        assertEquals(wall.instant(), time);
        return isConfirmed;
    }

    private void pass(Duration real) {
        nanos += real.toNanos();
    }

    @Test
    void aShortStopNeedsNoWitness() {
        wall.advance(Duration.ofMinutes(119));
        CertainTime time = reached(start);
        assertEquals(wall.instant(), time.now());
        assertFalse(time.isWaiting());
        assertEquals(0, questions);
    }

    @Test
    void aLongStopWaitsForTheWitness() {
        wall.advance(Duration.ofMinutes(121));
        CertainTime time = reached(start);
        assertEquals(start, time.now());
        assertTrue(time.isWaiting());
        pass(Duration.ofSeconds(9));
        assertEquals(start.plusSeconds(9), time.now());
        assertEquals(1, questions, "it is not asked all the time");
        pass(Duration.ofSeconds(2));
        isConfirmed = true;
        assertEquals(wall.instant(), time.now());
        assertFalse(time.isWaiting());
        assertEquals(wall.instant(), time.atLeast());
    }

    @Test
    void aWitnessWhoDoesNotConfirmIsAskedAgainAndAgain() {
        wall.advance(Duration.ofDays(365));
        CertainTime time = reached(start);
        for (int i = 0; i < 1_000; i++) {
            assertEquals(start.plusSeconds(i), time.now());
            pass(Duration.ofSeconds(1));
        }
        assertEquals(100, questions);
    }

    @Test
    void runsByTheMonotonicClockWhateverTheOtherDoes() {
        CertainTime time = reached(start);
        time.now();
        wall.advance(Duration.ofDays(-400));
        pass(Duration.ofHours(5));
        assertEquals(start.plus(Duration.ofHours(5)), time.now());
        assertFalse(time.isWaiting());
    }

    @Test
    void manySmallStepsOfTheMachinesClockLeadAnHourAtMost() {
        CertainTime time = reached(start);
        for (int i = 0; i < 300; i++) {
            wall.advance(Duration.ofMinutes(1));
            assertFalse(time.now().isAfter(start.plus(CertainTime.LEAD_MAX)));
        }
        assertTrue(time.isWaiting());
    }

    @Test
    void aClockThatIsPutRightEndsTheWait() {
        wall.advance(Duration.ofDays(30));
        CertainTime time = reached(start);
        time.now();
        assertTrue(time.isWaiting());
        wall.advance(Duration.ofDays(-30));
        assertEquals(start, time.now());
        assertFalse(time.isWaiting());
    }
}
