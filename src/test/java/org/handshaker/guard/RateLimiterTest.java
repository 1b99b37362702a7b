// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    private final RateLimiter limiter = new RateLimiter();

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
                limiter.pass(Cost.REGISTER, null, OptionalInt.of(1));
            } catch (Refused expected) {
                assertTrue(expected.retryAfterSeconds() > 0);
            }
        }
        limiter.pass(Cost.REGISTER, null, OptionalInt.of(2));
    }

    @Test
    void saysHowLongToWait() {
        exhaust(Cost.REGISTER, 1);
        Refused refused = assertThrows(Refused.class, () -> limiter.pass(Cost.REGISTER, null, OptionalInt.of(1)));
        assertTrue(refused.retryAfterSeconds() >= 1 && refused.retryAfterSeconds() <= 60);
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
