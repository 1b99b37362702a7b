// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * The time by which things may be forgotten for good. It is the monotonic clock, which nobody can set. The machine's clock may
 * be ahead of it by an hour at most; past that (after a long stop, a suspended machine, a wrong clock) it counts only when a
 * witness, tor's consensus, confirms it. Nothing moves this time back, and no series of small steps moves it forward.
 */
final class CertainTime {
    /** How far the machine's clock is believed without a witness. */
    static final Duration LEAD_MAX = Duration.ofHours(1);
    /** Between two questions to the witness. */
    private static final Duration ASK_AGAIN = Duration.ofSeconds(10);

    /** A moment known in both clocks. */
    private record Anchor(Instant time, long nanos) {}

    private final InstantSource wall;
    private final LongSupplier nanos;
    private final Predicate<Instant> witness;
    private volatile Anchor anchor;
    private volatile boolean isWaiting;
    private long askedAtNanos;

    /**
     * @param reached a time that is past for certain, and past by an hour at most when the last life ended
     * @param nanos the monotonic clock
     * @param witness whether the network confirms a time; may take a while
     */
    CertainTime(InstantSource wall, LongSupplier nanos, Predicate<Instant> witness, Instant reached) {
        this.wall = wall;
        this.nanos = nanos;
        this.witness = witness;
        Instant claimed = wall.instant();
        boolean isNear = claimed.isAfter(reached) && !claimed.isAfter(reached.plus(LEAD_MAX.multipliedBy(2)));
        this.anchor = new Anchor(isNear ? claimed : reached, nanos.getAsLong());
        this.askedAtNanos = anchor.nanos - ASK_AGAIN.toNanos();
    }

    /** By the monotonic clock alone. */
    Instant atLeast() {
        Anchor known = anchor;
        return known.time.plusNanos(nanos.getAsLong() - known.nanos);
    }

    /** What time it is, as far as it is certain. One thread at a time. */
    Instant now() {
        Instant certain = atLeast();
        Instant claimed = wall.instant();
        if (claimed.isAfter(certain.plus(LEAD_MAX))) {
            if (!isConfirmed(claimed)) {
                return certain;
            }
            anchor = new Anchor(claimed, nanos.getAsLong());
        }
        isWaiting = false;
        return claimed.isAfter(certain) ? claimed : certain;
    }

    private boolean isConfirmed(Instant claimed) {
        long now = nanos.getAsLong();
        if (isWaiting && now - askedAtNanos < ASK_AGAIN.toNanos()) {
            return false;
        }
        askedAtNanos = now;
        isWaiting = !witness.test(claimed);
        return !isWaiting;
    }

    /** Whether the machine's clock is more than an hour ahead and no witness has confirmed it yet. */
    boolean isWaiting() {
        return isWaiting;
    }
}
