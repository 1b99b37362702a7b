// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.handshaker.core.Reason;
import org.handshaker.core.Standing;
import org.jspecify.annotations.Nullable;

/**
 * Lets password hashing in: as many at once as there are cores, a bounded number waiting, each for a bounded time, then
 * {@code busy}. Known callers wait in a line of their own, which is served first: strangers can neither fill it nor stand
 * before it. A place is held until the hash ends, even if whoever asked has left, so memory stays bounded too.
 */
public final class Admission implements AutoCloseable {
    private final ThreadPoolExecutor pool;
    private final Duration wait;
    private final int places;
    private final int waitingMax;

    /** The lines in the order in which they are served; guarded by this map's monitor, under which nothing waits. */
    private final Map<Standing, Set<Work<?>>> lines = new EnumMap<>(Standing.class);

    private int taken;
    private boolean isClosed;

    /**
     * Starts no thread before it is needed.
     *
     * @param places hashes at once
     * @param waitingMax how many more may wait in each of the two lines
     * @param wait how long each of them
     */
    public Admission(int places, int waitingMax, Duration wait) {
        // Its queue never holds more than the places: work is handed over when there is one.
        this.pool = new ThreadPoolExecutor(
                places, places, 30, TimeUnit.SECONDS, new LinkedBlockingQueue<>(places), task -> {
                    Thread hasher = new Thread(task, "hash");
                    hasher.setDaemon(true);
                    return hasher;
                });
        pool.allowCoreThreadTimeOut(true);
        this.places = places;
        this.wait = wait;
        this.waitingMax = waitingMax;
        for (Standing standing : Standing.values()) {
            lines.put(standing, new LinkedHashSet<>());
        }
    }

    private record Work<T>(Supplier<T> work, CompletableFuture<T> done) {
        void run() {
            try {
                done.complete(work.get());
            } catch (Throwable refusedOrBroken) {
                // An Error too, such as memory that ran out: nobody may wait for ever.
                done.completeExceptionally(refusedOrBroken);
            }
        }

        /** Itself and nothing else: two of the same work are two. */
        @Override
        public boolean equals(@Nullable Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /** Runs {@code work} when there is a place, strangers' only while nobody known waits. */
    public <T> CompletableFuture<T> admit(Standing standing, Supplier<T> work) {
        Work<T> asked = new Work<>(work, new CompletableFuture<>());
        if (!enters(standing, asked)) {
            Executor later = CompletableFuture.delayedExecutor(wait.toMillis(), TimeUnit.MILLISECONDS);
            later.execute(() -> {
                // Whoever has given up must not keep others from waiting.
                if (leaves(standing, asked)) {
                    asked.done.completeExceptionally(Reason.BUSY.refuse());
                }
            });
        }
        return asked.done;
    }

    /** Returns whether it has a place; otherwise it stands in line. */
    private boolean enters(Standing standing, Work<?> asked) {
        synchronized (lines) {
            if (isClosed) {
                throw Reason.SHUTTING_DOWN.refuse();
            }
            if (taken < places) {
                taken++;
                pool.execute(() -> work(asked));
                return true;
            }
            Set<Work<?>> line = line(standing);
            if (line.size() >= waitingMax) {
                throw Reason.BUSY.refuse();
            }
            line.add(asked);
            return false;
        }
    }

    private boolean leaves(Standing standing, Work<?> asked) {
        synchronized (lines) {
            return line(standing).remove(asked);
        }
    }

    /** One place: this work, then whatever waits. */
    private void work(Work<?> first) {
        for (@Nullable Work<?> next = first; next != null; next = next()) {
            next.run();
        }
    }

    private @Nullable Work<?> next() {
        synchronized (lines) {
            Set<Work<?>> line = line(Standing.KNOWN).isEmpty() ? line(Standing.STRANGER) : line(Standing.KNOWN);
            Iterator<Work<?>> waiting = line.iterator();
            if (!waiting.hasNext()) {
                taken--;
                return null;
            }
            Work<?> next = waiting.next();
            waiting.remove();
            return next;
        }
    }

    private Set<Work<?>> line(Standing standing) {
        @Nullable Set<Work<?>> line = lines.get(standing);
        if (line == null) {
            throw new IllegalStateException("every standing has a line");
        }
        return line;
    }

    /** Places that are taken now. */
    public int running() {
        synchronized (lines) {
            return taken;
        }
    }

    /** How many wait for one, in both lines. */
    public int waiting() {
        synchronized (lines) {
            return lines.values().stream().mapToInt(Set::size).sum();
        }
    }

    /** How full the strangers' line is, 0 to 1. */
    public double strain() {
        synchronized (lines) {
            return (double) line(Standing.STRANGER).size() / waitingMax;
        }
    }

    @Override
    public void close() {
        synchronized (lines) {
            isClosed = true;
        }
        pool.shutdown();
    }
}
