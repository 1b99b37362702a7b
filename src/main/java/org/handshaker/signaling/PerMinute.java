// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.util.concurrent.TimeUnit;

/** Counts what may happen only so often: full when as many as that came within one minute, whenever the minute began. */
final class PerMinute {
    private static final long MINUTE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final int max;
    /** When the last ones came, the oldest overwritten first; not there before the first. */
    private long[] lastNanos = {};

    private int count;

    PerMinute(int max) {
        this.max = max;
    }

    /** Counts one now. */
    boolean isFullWith(long nowNanos) {
        if (lastNanos.length == 0) {
            lastNanos = new long[max];
        }
        lastNanos[count % max] = nowNanos;
        count++;
        return count >= max && nowNanos - lastNanos[count % max] < MINUTE_NANOS;
    }
}
