// SPDX-License-Identifier: MIT
package org.handshaker.core;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The last few things read from the store, bounded, the least useful forgotten first. What is absent is never remembered, so
 * that asking for things that do not exist pushes nothing out. Asked for several times with every event: finding takes no lock.
 *
 * <p>Guarantee: once {@link #forget} returned, {@link #find} does not answer from before it. A read that began earlier and
 * ends later is used by its own caller only. Writers call {@code forget} after their commit and before they confirm it.
 */
public final class Remembered<K, V> {
    private final Cache<K, V> entries;
    /** Held while the entries and the count of what was forgotten change together. */
    private final Object change = new Object();

    private final AtomicLong forgotten = new AtomicLong();

    public Remembered(int max) {
        // No thread but the caller's.
        this.entries =
                Caffeine.newBuilder().maximumSize(max).executor(Runnable::run).build();
    }

    /** Answers from memory, else from {@code read}, which runs without a lock. */
    public Optional<V> find(K key, Supplier<Optional<V>> read) {
        @Nullable V known = entries.getIfPresent(key);
        if (known != null) {
            return Optional.of(known);
        }
        long before = forgotten.get();
        Optional<V> found = read.get();
        if (found.isPresent()) {
            synchronized (change) {
                if (forgotten.get() == before) {
                    entries.put(key, found.get());
                }
            }
        }
        return found;
    }

    public void forget(K key) {
        synchronized (change) {
            forgotten.incrementAndGet();
            entries.invalidate(key);
        }
    }

    long size() {
        entries.cleanUp();
        return entries.estimatedSize();
    }
}
