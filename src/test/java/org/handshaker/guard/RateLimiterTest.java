// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import java.util.Objects;
import java.util.OptionalInt;
import org.handshaker.core.Caller;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Rate;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RateLimiterTest {
    private static final int BUCKETS_MAX = 1_000;

    private final Clock clock = new Clock();
    private final RateLimiter limiter = new RateLimiter(clock, BUCKETS_MAX);

    /** Moved by hand. */
    private static final class Clock implements TimeMeter {
        private long nanos;

        @Override
        public long currentTimeNanos() {
            return nanos;
        }

        @Override
        public boolean isWallClockBased() {
            return false;
        }

        void pass(Duration duration) {
            nanos += duration.toNanos();
        }
    }

    @Test
    void oneCircuitIsTiredAndAnotherIsNot() {
        exhaust(Cost.LOGIN, 1);
        assertRefused(Reason.TOO_FAST, () -> limiter.pass(Cost.LOGIN, null, OptionalInt.of(1)));
        limiter.pass(Cost.LOGIN, null, OptionalInt.of(2));
    }

    @Test
    void anAccountIsCountedOverAllItsCircuits() {
        Caller caller = new Caller(Id.random(), Id.random());
        for (int circuit = 0; circuit < burst(Limits.rate(Cost.ASK)); circuit++) {
            limiter.pass(Cost.ASK, caller, OptionalInt.of(circuit));
        }
        assertRefused(Reason.TOO_FAST, () -> limiter.pass(Cost.ASK, caller, OptionalInt.of(9_999)));
        limiter.pass(Cost.ASK, new Caller(Id.random(), Id.random()), OptionalInt.of(1));
    }

    @Test
    void whoeverHammersDoesNotEmptyWhatIsEverybodys() {
        for (int i = 0; i < 3 * burst(Limits.globalRate(Cost.REGISTER)); i++) {
            try {
                stranger(1);
            } catch (Refused expected) {
                assertTrue(expected.retryAfterSeconds() > 0);
            }
        }
        stranger(2);
    }

    @Test
    void whoWaitsAsLongAsToldPassesAndWhoWaitsLessDoesNot() {
        for (Cost cost : Cost.values()) {
            if (Limits.rate(cost) == null) {
                continue;
            }
            exhaust(cost, 1);
            Refused refused = assertThrows(Refused.class, () -> limiter.pass(cost, null, OptionalInt.of(1)));
            int wait = refused.retryAfterSeconds();
            assertTrue(wait >= 1, cost + " says " + wait);
            if (wait > 1) {
                clock.pass(Duration.ofSeconds(wait - 1));
                assertRefused(Reason.TOO_FAST, () -> limiter.pass(cost, null, OptionalInt.of(1)));
                clock.pass(Duration.ofSeconds(1));
            } else {
                clock.pass(Duration.ofSeconds(wait));
            }
            limiter.pass(cost, null, OptionalInt.of(1));
        }
    }

    @Test
    void everybodysBucketHoldsWhateverManyCircuitsDo() {
        long burst = burst(Limits.globalRate(Cost.REGISTER));
        for (int circuit = 0; circuit < burst; circuit++) {
            stranger(circuit);
        }
        for (int circuit = 0; circuit < 5 * BUCKETS_MAX; circuit++) {
            int stranger = 10_000 + circuit;
            assertRefused(Reason.TOO_FAST, () -> stranger(stranger));
        }
    }

    @Test
    void itsMemoryIsBounded() {
        for (int circuit = 0; circuit < 10 * BUCKETS_MAX; circuit++) {
            limiter.pass(Cost.READ, null, OptionalInt.of(circuit));
        }
        assertTrue(limiter.buckets() <= BUCKETS_MAX, limiter.buckets() + " buckets");
    }

    @Test
    void whatCostsNothingIsNeverRefused() {
        for (int i = 0; i < 10_000; i++) {
            limiter.pass(Cost.NOTHING, null, OptionalInt.of(1));
        }
        assertEquals(0, limiter.buckets());
    }

    @Test
    void whatStrangersHaveSpentIsNotTheKnownDevices() {
        long burst = burst(Limits.globalRate(Cost.LOGIN));
        for (int i = 0; i < burst; i++) {
            limiter.passAsStranger(Cost.LOGIN);
        }
        assertRefused(Reason.TOO_FAST, () -> limiter.passAsStranger(Cost.LOGIN));
        Id alice = Id.random();
        long own = burst(Limits.rate(Cost.LOGIN));
        for (int i = 0; i < own; i++) {
            assertTrue(limiter.passAsDevice(Cost.LOGIN, alice));
        }
        assertFalse(limiter.passAsDevice(Cost.LOGIN, alice), "its own account is counted");
        assertTrue(limiter.passAsDevice(Cost.LOGIN, Id.random()), "another's is not");
    }

    /** As the router asks. */
    private void stranger(int circuit) {
        limiter.pass(Cost.REGISTER, null, OptionalInt.of(circuit));
        limiter.passAsStranger(Cost.REGISTER);
    }

    private void exhaust(Cost cost, int circuit) {
        for (int i = 0; i < burst(Limits.rate(cost)); i++) {
            limiter.pass(cost, null, OptionalInt.of(circuit));
        }
    }

    private static long burst(@Nullable Rate rate) {
        return Objects.requireNonNull(rate).burst();
    }
}
