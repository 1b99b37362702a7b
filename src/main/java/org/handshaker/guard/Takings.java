// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Rate;
import org.handshaker.core.Reason;

/**
 * Counts how often users take from what others have put there for everybody: one from one other, and all together from one.
 * The first is refused past its rate. The second is told, so that what is scarce can be kept back and the rest still given: no
 * crowd of accounts can make somebody unreachable. In memory only, and the longest unused is forgotten when there are too many.
 */
public final class Takings {
    private static final long A_SECOND = TimeUnit.SECONDS.toNanos(1);
    /** By then an untouched bucket is full again. */
    private static final Duration FORGET_AFTER = Duration.ofHours(2);

    private final Cache<Pair, Bucket> pairs = counts();
    private final Cache<Id, Bucket> owners = counts();
    private final TimeMeter clock;

    private record Pair(Id taker, Id owner) {}

    /** Follows a clock that does not jump. */
    public Takings() {
        this(TimeMeter.SYSTEM_NANOTIME);
    }

    /** As tests want it. */
    Takings(TimeMeter clock) {
        this.clock = clock;
    }

    /**
     * One user wants to take from another; {@code too_fast} when that was too often.
     *
     * @return whether the owner can spare what is scarce
     */
    public boolean take(Id taker, Id owner) {
        ConsumptionProbe probe = pairs.get(new Pair(taker, owner), missing -> bucket(Limits.BUNDLES_PER_PAIR))
                .tryConsumeAndReturnRemaining(1);
        if (!probe.isConsumed()) {
            long seconds = TimeUnit.NANOSECONDS.toSeconds(probe.getNanosToWaitForRefill() + A_SECOND - 1);
            throw Reason.TOO_FAST.refuseFor((int) Math.min(seconds, Integer.MAX_VALUE));
        }
        return owners.get(owner, missing -> bucket(Limits.ONE_TIME_PREKEYS_PER_OWNER))
                .tryConsume(1);
    }

    private Bucket bucket(Rate rate) {
        return Bucket.builder()
                .withCustomTimePrecision(clock)
                .addLimit(limit -> limit.capacity(rate.burst()).refillGreedy(rate.count(), rate.per()))
                .build();
    }

    private static <K> Cache<K, Bucket> counts() {
        return Caffeine.newBuilder()
                .maximumSize(Limits.BUNDLE_COUNTS_MAX)
                .expireAfterAccess(FORGET_AFTER)
                .build();
    }

    /** Pairs and owners in memory. */
    long counted() {
        pairs.cleanUp();
        owners.cleanUp();
        return pairs.estimatedSize() + owners.estimatedSize();
    }
}
