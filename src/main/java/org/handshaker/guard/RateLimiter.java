// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.handshaker.core.Caller;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Rate;
import org.handshaker.core.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Says how often: after sign-in by account, before it by Tor circuit, and always globally for what costs a hash. Every client
 * is 127.0.0.1, so addresses are never looked at. Buckets live in memory, and the longest unused is forgotten when there are
 * too many.
 */
public final class RateLimiter {
    private static final int BUCKETS_MAX = 100_000;
    private static final Duration FORGET_AFTER = Duration.ofMinutes(30);

    private final Cache<Key, Bucket> buckets = Caffeine.newBuilder()
            .maximumSize(BUCKETS_MAX)
            .expireAfterAccess(FORGET_AFTER)
            .build();

    private record Key(Cost cost, @Nullable Id user, int circuit, boolean isGlobal) {}

    /** Refuses with {@code too_fast} and a true {@code Retry-After} when a bucket that applies is empty. */
    public void pass(Cost cost, @Nullable Caller caller, OptionalInt circuit) {
        @Nullable Rate rate = Limits.rate(cost);
        if (rate != null && caller != null) {
            take(new Key(cost, caller.user(), 0, false), rate);
        } else if (rate != null && circuit.isPresent()) {
            take(new Key(cost, null, circuit.getAsInt(), false), rate);
        }
        // After one's own: whoever has spent that must not empty everybody's.
        @Nullable Rate global = Limits.globalRate(cost);
        if (global != null) {
            take(new Key(cost, null, 0, true), global);
        }
    }

    private void take(Key key, Rate rate) {
        Bucket bucket = buckets.get(key, missing -> bucket(rate));
        ConsumptionProbe probe = bucket.tryConsumeAndReturnRemaining(1);
        if (!probe.isConsumed()) {
            long seconds = TimeUnit.NANOSECONDS.toSeconds(probe.getNanosToWaitForRefill()) + 1;
            throw Reason.TOO_FAST.refuseFor((int) Math.min(seconds, Integer.MAX_VALUE));
        }
    }

    private static Bucket bucket(Rate rate) {
        return Bucket.builder()
                .addLimit(limit -> limit.capacity(rate.burst()).refillGreedy(rate.count(), rate.per()))
                .build();
    }
}
