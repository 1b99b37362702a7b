// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** The one place where a test waits for another process: bounded, and it says for what. */
public final class Await {
    private static final Duration PAUSE = Duration.ofMillis(100);

    private Await() {}

    public static void until(String what, int secondsMax, BooleanSupplier reached) {
        long end = System.nanoTime() + Duration.ofSeconds(secondsMax).toNanos();
        while (!reached.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("not within " + secondsMax + " s: " + what);
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }
}
