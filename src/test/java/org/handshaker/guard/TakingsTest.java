// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.junit.jupiter.api.Test;

class TakingsTest {
    private final AtomicLong nanos = new AtomicLong();
    private final Takings takings = new Takings(new TimeMeter() {
        @Override
        public long currentTimeNanos() {
            return nanos.get();
        }

        @Override
        public boolean isWallClockBased() {
            return false;
        }
    });
    private final Id owner = Id.random();

    @Test
    void oneIsRefusedPastTheRateAndOthersAreNot() {
        Id greedy = Id.random();
        for (int i = 0; i < Limits.BUNDLES_PER_PAIR.burst(); i++) {
            assertTrue(takings.take(greedy, owner));
        }
        Refused refused = assertThrows(Refused.class, () -> takings.take(greedy, owner));
        assertEquals(Reason.TOO_FAST, refused.reason());
        long each = Limits.BUNDLES_PER_PAIR.per().toSeconds() / Limits.BUNDLES_PER_PAIR.count();
        assertEquals(each, refused.retryAfterSeconds());
        assertTrue(takings.take(greedy, Id.random()));
        assertTrue(takings.take(Id.random(), owner));
        nanos.addAndGet(Duration.ofSeconds(each).toNanos());
        assertTrue(takings.take(greedy, owner));
    }

    @Test
    void aCrowdIsToldThatNothingCanBeSparedAndIsNotRefused() {
        for (int i = 0; i < Limits.ONE_TIME_PREKEYS_PER_OWNER.burst(); i++) {
            assertTrue(takings.take(Id.random(), owner));
        }
        assertFalse(takings.take(Id.random(), owner));
        assertTrue(takings.take(Id.random(), Id.random()));
        assertTrue(takings.counted() > Limits.ONE_TIME_PREKEYS_PER_OWNER.burst());
    }
}
