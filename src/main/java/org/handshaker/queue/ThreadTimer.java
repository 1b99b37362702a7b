// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** One thread for all waits. Their number is bounded by those who ask for them; a cancelled one is gone at once. */
public final class ThreadTimer implements Timer {
    private final ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1, task -> {
        Thread timer = new Thread(task, "timer");
        timer.setDaemon(true);
        return timer;
    });

    public ThreadTimer() {
        thread.setRemoveOnCancelPolicy(true);
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    @Override
    public Alarm after(Duration delay, Runnable task) {
        try {
            ScheduledFuture<?> alarm = thread.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
            return () -> alarm.cancel(false);
        } catch (RejectedExecutionException closed) {
            task.run();
            return () -> {};
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
