// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The last few things read from the store, bounded, the longest unused forgotten first. What is absent is never remembered,
 * so that asking for things that do not exist pushes nothing out.
 *
 * <p>Guarantee: once {@link #forget} returned, {@link #find} does not answer from before it. A read that began earlier and
 * ends later is used by its own caller only. Writers call {@code forget} after their commit and before they confirm it.
 */
public final class Remembered<K, V> {
    private final Map<K, V> entries;
    /** Guarded by {@code entries}, as the entries are. Counts what was forgotten. */
    private long forgotten;

    public Remembered(int max) {
        this.entries = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return super.size() > max;
            }
        };
    }

    /** Answers from memory, else from {@code read}, which runs without a lock. */
    public Optional<V> find(K key, Supplier<Optional<V>> read) {
        long before;
        synchronized (entries) {
            if (entries.containsKey(key)) {
                return Optional.of(entries.get(key));
            }
            before = forgotten;
        }
        Optional<V> found = read.get();
        if (found.isPresent()) {
            synchronized (entries) {
                if (forgotten == before) {
                    entries.put(key, found.get());
                }
            }
        }
        return found;
    }

    public void forget(K key) {
        synchronized (entries) {
            forgotten++;
            entries.remove(key);
        }
    }

    int size() {
        synchronized (entries) {
            return entries.size();
        }
    }
}
