// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import org.handshaker.core.Limits;
import org.jspecify.annotations.Nullable;

/**
 * Counts how often each circuit was refused as too fast, and has a circuit that goes on regardless closed. That is a throttle
 * and no ban: whoever comes back pays Tor for a new circuit, a puzzle under attack included, and begins with fresh buckets.
 * It counts from a circuit's first refusal for a window, in memory only, and the longest unused is forgotten when there are too
 * many.
 */
public final class Hammering {
    private static final int CIRCUITS_MAX = 100_000;

    private final IntConsumer closer;
    private final Cache<Integer, AtomicInteger> refusals;
    private final AtomicLong closed = new AtomicLong();

    /** @param closer closes the circuit of that number; must neither block nor throw */
    public Hammering(IntConsumer closer) {
        this(closer, Ticker.systemTicker(), CIRCUITS_MAX);
    }

    /** As tests want it. */
    Hammering(IntConsumer closer, Ticker clock, int circuitsMax) {
        this.closer = closer;
        this.refusals = Caffeine.newBuilder()
                .ticker(clock)
                .maximumSize(circuitsMax)
                .expireAfterWrite(Limits.CIRCUIT_REFUSALS_WINDOW)
                .build();
    }

    /** This circuit was refused once more. */
    public void refused(int circuit) {
        int count = refusals.get(circuit, first -> new AtomicInteger()).incrementAndGet();
        // Again after as many more: the first wish may have met a tor that was too busy to hear it.
        if (count % Limits.CIRCUIT_REFUSALS_MAX == 0) {
            closed.incrementAndGet();
            closer.accept(circuit);
        }
    }

    /** Whether this circuit was refused so often within the window that it should be closed by now. */
    public boolean isHammering(int circuit) {
        @Nullable AtomicInteger count = refusals.getIfPresent(circuit);
        return count != null && count.get() >= Limits.CIRCUIT_REFUSALS_MAX;
    }

    /** How many closings it has asked for since the start. */
    public long closings() {
        return closed.get();
    }

    /** Circuits counted in memory. */
    long circuits() {
        refusals.cleanUp();
        return refusals.estimatedSize();
    }
}
