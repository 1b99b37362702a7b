// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * What may be said of the onion, from what its tor, its descriptors, its clock and a look from outside tell. It never says
 * {@code ok} while one of them is known to be wrong.
 */
public final class OnionHealth {
    /** How long a tor may take to come up for the first time; then something is wrong, whatever it is. */
    private static final Duration START_PATIENCE = Duration.ofMinutes(3);

    /** The words of {@code /health}. */
    public enum State {
        STARTING,
        OK,
        DEGRADED;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What the last look from outside has shown. */
    public enum Look {
        NONE,
        REACHED,
        FAILED
    }

    private final LongSupplier nanos;
    private final long born;
    private boolean hasBeenUp;
    private boolean up;
    private boolean timeIsRight = true;
    private Look look = Look.NONE;
    private long lookMillis = -1;

    public OnionHealth() {
        this(System::nanoTime);
    }

    /** As tests want it. */
    OnionHealth(LongSupplier nanos) {
        this.nanos = nanos;
        this.born = nanos.getAsLong();
    }

    /** The onion is published, or there is none to wait for. */
    public synchronized void up() {
        up = true;
        hasBeenUp = true;
        // What was seen of the tor before this one says nothing any more.
        look = Look.NONE;
    }

    /** There is no tor, or no descriptor, or no listener behind it. */
    public synchronized void down() {
        up = false;
        hasBeenUp = true;
    }

    synchronized void looked(Look seen, long millis) {
        look = seen;
        lookMillis = millis;
    }

    synchronized void time(boolean isRight) {
        timeIsRight = isRight;
    }

    public synchronized State state() {
        if (!hasBeenUp && timeIsRight) {
            boolean isEarly = nanos.getAsLong() - born < START_PATIENCE.toNanos();
            return isEarly ? State.STARTING : State.DEGRADED;
        }
        return up && timeIsRight && look != Look.FAILED ? State.OK : State.DEGRADED;
    }

    public synchronized Look lastLook() {
        return look;
    }

    /** How long the last look took until an answer or the end of patience; -1 before the first. */
    public synchronized long lookMillis() {
        return lookMillis;
    }

    /** Whether the machine's clock fits the network's time. */
    public synchronized boolean timeIsRight() {
        return timeIsRight;
    }
}
