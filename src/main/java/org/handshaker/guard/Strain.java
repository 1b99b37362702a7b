// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.DoubleSupplier;

/**
 * How much more there is to do than can be done: the fullest of what is watched (hashes in line, changes in line, memory,
 * requests in line for a thread), from 0, nothing waits, to 1, the next one is refused.
 */
public final class Strain {
    /** Of the heap: below this the collector has not begun to worry. */
    private static final double HEAP_IS_CALM = 0.7;

    private final List<DoubleSupplier> gauges = new CopyOnWriteArrayList<>();

    /** Watches one more; the wiring does so before it serves. */
    public void watch(DoubleSupplier gauge) {
        gauges.add(gauge);
    }

    /** 0 to 1. */
    public double level() {
        double most = 0;
        for (DoubleSupplier gauge : gauges) {
            most = Math.max(most, gauge.getAsDouble());
        }
        return Math.min(most, 1);
    }

    /** This process's heap: 0 while seven tenths or less of what it may grow to are taken, garbage included. */
    public static double heap() {
        Runtime runtime = Runtime.getRuntime();
        return heap(runtime.totalMemory() - runtime.freeMemory(), runtime.maxMemory());
    }

    static double heap(long bytesTaken, long bytesMax) {
        return Math.max(0, ((double) bytesTaken / bytesMax - HEAP_IS_CALM) / (1 - HEAP_IS_CALM));
    }
}
