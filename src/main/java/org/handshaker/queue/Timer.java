// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Duration;

/** Runs things later: the ends of lingers and of long-polls. Tests bring their own and move it by hand. */
public interface Timer extends AutoCloseable {
    /** Cancels what was asked for; harmless when it has run. */
    @FunctionalInterface
    interface Alarm {
        void cancel();
    }

    /** Runs a short task once, after {@code delay}; at once when this timer is closed. */
    Alarm after(Duration delay, Runnable task);

    @Override
    void close();
}
