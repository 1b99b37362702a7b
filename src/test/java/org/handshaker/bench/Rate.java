// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** How often something could be done in a second, and how long one took. */
record Rate(long count, double seconds, double medianMillis, double p99Millis) {
    /** One round of work; workers are numbered from 0. */
    interface Work {
        void once(int worker) throws Exception;
    }

    double perSecond() {
        return count / seconds;
    }

    /** Has workers do something over and over, until each did it {@code timesEach} or the time is over. */
    static Rate measure(int workers, int timesEach, Duration longest, Work work) {
        Clock clock = new Clock(workers * timesEach);
        ExecutorService threads = Executors.newFixedThreadPool(workers, Rate::daemon);
        try {
            long end = System.nanoTime() + longest.toNanos();
            CompletableFuture<?>[] all = new CompletableFuture<?>[workers];
            for (int i = 0; i < workers; i++) {
                int worker = i;
                all[i] = CompletableFuture.runAsync(() -> repeat(worker, timesEach, end, work, clock), threads);
            }
            CompletableFuture.allOf(all).join();
            return clock.rate();
        } finally {
            threads.shutdownNow();
        }
    }

    private static void repeat(int worker, int times, long end, Work work, Clock clock) {
        for (int i = 0; i < times && System.nanoTime() < end; i++) {
            long start = System.nanoTime();
            try {
                work.once(worker);
            } catch (Exception failed) {
                throw new CompletionException(failed);
            }
            clock.took(System.nanoTime() - start);
        }
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "bench");
        thread.setDaemon(true);
        return thread;
    }

    /** Two runs of the same work, seen as one. */
    Rate and(Rate other) {
        return new Rate(
                count + other.count,
                seconds + other.seconds,
                Math.max(medianMillis, other.medianMillis),
                Math.max(p99Millis, other.p99Millis));
    }

    /** Collects how long each took; the run lasts from its making to its reading. */
    static final class Clock {
        private final long start = System.nanoTime();
        private final long[] nanos;
        private int count;

        Clock(int most) {
            nanos = new long[most];
        }

        synchronized void took(long nano) {
            nanos[count++] = nano;
        }

        synchronized Rate rate() {
            double seconds = (System.nanoTime() - start) / (double) TimeUnit.SECONDS.toNanos(1);
            long[] sorted = Arrays.copyOf(nanos, count);
            Arrays.sort(sorted);
            return new Rate(count, seconds, millis(sorted, 0.5), millis(sorted, 0.99));
        }

        private static double millis(long[] sorted, double part) {
            return sorted.length == 0 ? 0 : sorted[(int) ((sorted.length - 1) * part)] / 1e6;
        }
    }
}
