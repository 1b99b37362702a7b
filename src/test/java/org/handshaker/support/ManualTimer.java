// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.handshaker.queue.Timer;

/** A timer that runs what is due when a test says that time has passed, on the test's own thread. */
public final class ManualTimer implements Timer {
    private record Due(long atNanos, Runnable task) {}

    private final List<Due> waiting = new ArrayList<>();
    private long nowNanos;
    private boolean isClosed;

    @Override
    public Alarm after(Duration delay, Runnable task) {
        synchronized (this) {
            if (!isClosed) {
                Due due = new Due(nowNanos + delay.toNanos(), task);
                waiting.add(due);
                return () -> cancel(due);
            }
        }
        task.run();
        return () -> {};
    }

    private synchronized void cancel(Due due) {
        waiting.remove(due);
    }

    /** Lets time pass and runs what fell due, in order. */
    public void pass(Duration duration) {
        List<Due> due;
        synchronized (this) {
            nowNanos += duration.toNanos();
            due = waiting.stream().filter(each -> each.atNanos <= nowNanos).toList();
            waiting.removeAll(new HashSet<>(due));
        }
        due.stream()
                .sorted((one, other) -> Long.compare(one.atNanos, other.atNanos))
                .forEach(each -> each.task.run());
    }

    /** How many alarms are set. */
    public synchronized int waiting() {
        return waiting.size();
    }

    @Override
    public synchronized void close() {
        isClosed = true;
        waiting.clear();
    }
}
