// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.handshaker.core.Reason;

/**
 * Lets password hashing in: as many at once as there are cores, a bounded number waiting, each for a bounded time, then
 * {@code busy}. A place is held until the hash ends, even if whoever asked has left, so memory stays bounded too.
 */
public final class Admission implements AutoCloseable {
    private final ThreadPoolExecutor pool;
    private final Duration wait;
    private final int waitingMax;

    /**
     * Starts no thread before it is needed.
     *
     * @param places hashes at once
     * @param waitingMax how many more may wait
     * @param wait how long each of them
     */
    public Admission(int places, int waitingMax, Duration wait) {
        this.pool = new ThreadPoolExecutor(
                places, places, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(waitingMax), task -> {
                    Thread hasher = new Thread(task, "hash");
                    hasher.setDaemon(true);
                    return hasher;
                });
        pool.allowCoreThreadTimeOut(true);
        this.wait = wait;
        this.waitingMax = waitingMax;
    }

    /** Runs {@code work} when there is a place. */
    public <T> CompletableFuture<T> admit(Supplier<T> work) {
        CompletableFuture<T> done = new CompletableFuture<>();
        AtomicBoolean isDecided = new AtomicBoolean();
        Runnable task = () -> {
            if (isDecided.compareAndSet(false, true)) {
                run(work, done);
            }
        };
        try {
            pool.execute(task);
        } catch (RejectedExecutionException full) {
            throw (pool.isShutdown() ? Reason.SHUTTING_DOWN : Reason.BUSY).refuse();
        }
        Executor later = CompletableFuture.delayedExecutor(wait.toMillis(), TimeUnit.MILLISECONDS);
        later.execute(() -> {
            if (isDecided.compareAndSet(false, true)) {
                // Whoever has given up must not keep others from waiting.
                pool.remove(task);
                done.completeExceptionally(Reason.BUSY.refuse());
            }
        });
        return done;
    }

    private static <T> void run(Supplier<T> work, CompletableFuture<T> done) {
        try {
            done.complete(work.get());
        } catch (Throwable refusedOrBroken) {
            // An Error too, such as memory that ran out: nobody may wait for ever.
            done.completeExceptionally(refusedOrBroken);
        }
    }

    /** More than half of the waiting places are taken: newcomers should prove work first. */
    public boolean isStrained() {
        return pool.getQueue().size() > waitingMax / 2;
    }

    @Override
    public void close() {
        pool.shutdown();
    }
}
