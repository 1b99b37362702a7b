// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.util.Arrays;

/** How long things took, in nanoseconds. */
final class Samples {
    private long[] nanos = new long[1_024];
    private int count;

    void add(long nano) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, count * 2);
        }
        nanos[count++] = nano;
    }

    void addAll(Samples others) {
        for (int i = 0; i < others.count; i++) {
            add(others.nanos[i]);
        }
    }

    int count() {
        return count;
    }

    /** The sample below which that part of them lies, in milliseconds; 0 when there are none. */
    double millis(double part) {
        long[] sorted = Arrays.copyOf(nanos, count);
        Arrays.sort(sorted);
        return count == 0 ? 0 : sorted[(int) ((count - 1) * part)] / 1e6;
    }
}
