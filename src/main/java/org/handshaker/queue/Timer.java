// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** One thread that ends lingers and long-polls. What it runs is short; the number of waits is bounded by those who ask for them. */
final class Timer implements AutoCloseable {
    private final ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1, task -> {
        Thread timer = new Thread(task, "timer");
        timer.setDaemon(true);
        return timer;
    });

    Timer() {
        thread.setRemoveOnCancelPolicy(true);
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    void after(Duration delay, Runnable task) {
        try {
            var unused = thread.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
        } catch (java.util.concurrent.RejectedExecutionException stopping) {
            task.run();
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
