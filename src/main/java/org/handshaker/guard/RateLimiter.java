// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.handshaker.core.Caller;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Rate;
import org.handshaker.core.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Says how often: after sign-in by account, before it by Tor circuit, and for what is dear all strangers together. Every client
 * is 127.0.0.1, so addresses are never looked at. Buckets live in memory, and the longest unused is forgotten when there are
 * too many.
 */
public final class RateLimiter {
    private static final int BUCKETS_MAX = 100_000;
    private static final Duration FORGET_AFTER = Duration.ofMinutes(30);
    private static final long A_SECOND = TimeUnit.SECONDS.toNanos(1);

    private final Cache<Key, Bucket> buckets;
    /** The strangers': never forgotten, however many circuits come. */
    private final Map<Cost, Bucket> globals = new ConcurrentHashMap<>();

    private final TimeMeter clock;

    private record Key(Cost cost, @Nullable Id user, int circuit) {}

    /** Follows a clock that does not jump. */
    public RateLimiter() {
        this(TimeMeter.SYSTEM_NANOTIME, BUCKETS_MAX);
    }

    /** As tests want it. */
    RateLimiter(TimeMeter clock, int bucketsMax) {
        this.clock = clock;
        this.buckets = Caffeine.newBuilder()
                .maximumSize(bucketsMax)
                .expireAfterAccess(FORGET_AFTER)
                .build();
    }

    /** Refuses with {@code too_fast} and a true {@code Retry-After} when the caller's own bucket is empty. */
    public void pass(Cost cost, @Nullable Caller caller, OptionalInt circuit) {
        @Nullable Rate rate = Limits.rate(cost);
        if (rate != null && caller != null) {
            take(buckets.get(new Key(cost, caller.user(), 0), missing -> bucket(rate)));
        } else if (rate != null && circuit.isPresent()) {
            take(buckets.get(new Key(cost, null, circuit.getAsInt()), missing -> bucket(rate)));
        }
    }

    /** The same for the bucket that all strangers share. After one's own: whoever has spent that must not empty everybody's. */
    public void passAsStranger(Cost cost) {
        @Nullable Rate global = Limits.globalRate(cost);
        if (global != null) {
            take(globals.computeIfAbsent(cost, missing -> bucket(global)));
        }
    }

    /**
     * Whether a device of this user goes past the strangers' bucket: counted for the user, so that no one account's devices
     * crowd out another's.
     */
    public boolean passAsDevice(Cost cost, Id user) {
        @Nullable Rate rate = Limits.rate(cost);
        return rate == null
                || buckets.get(new Key(cost, user, 0), missing -> bucket(rate)).tryConsume(1);
    }

    private static void take(Bucket bucket) {
        ConsumptionProbe probe = bucket.tryConsumeAndReturnRemaining(1);
        if (!probe.isConsumed()) {
            long seconds = TimeUnit.NANOSECONDS.toSeconds(probe.getNanosToWaitForRefill() + A_SECOND - 1);
            throw Reason.TOO_FAST.refuseFor((int) Math.min(seconds, Integer.MAX_VALUE));
        }
    }

    private Bucket bucket(Rate rate) {
        return Bucket.builder()
                .withCustomTimePrecision(clock)
                .addLimit(limit -> limit.capacity(rate.burst()).refillGreedy(rate.count(), rate.per()))
                .build();
    }

    /** Buckets of accounts and circuits in memory. */
    long buckets() {
        buckets.cleanUp();
        return buckets.estimatedSize();
    }
}
