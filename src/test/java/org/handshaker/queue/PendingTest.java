// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.handshaker.core.Id;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Beside a sorted map, through every kind of change. */
class PendingTest {
    private static final int STEPS = 20_000;

    private final Pending pending = new Pending();
    private final TreeMap<Long, Entry> model = new TreeMap<>();

    private static Entry entry(long seq, Id eventId) {
        return new Entry(seq, eventId, EventClass.MESSAGE, eventId, 0, 1, Entry.State.STORED, null);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void isASortedMapThatIsFoundByEventToo(long seed) {
        Random random = new Random(seed);
        List<Entry> gone = new ArrayList<>();
        long next = 1;
        for (int step = 0; step < STEPS; step++) {
            // Waves, so that it is long and short, and mostly gaps in between.
            boolean isRising = (step / 2_000) % 2 == 0;
            int choice = random.nextInt(10);
            if (choice < (isRising ? 7 : 2)) {
                next += 1 + random.nextInt(3);
                add(entry(next, id(random)));
            } else if (choice == 9 && !gone.isEmpty()) {
                add(gone.remove(random.nextInt(gone.size())));
            } else if (!model.isEmpty()) {
                Entry some = some(random, next);
                assertTrue(pending.remove(some), () -> "seed " + seed);
                assertFalse(pending.remove(some), () -> "seed " + seed);
                model.remove(some.seq);
                gone.add(some);
            }
            if (step % 64 == 0) {
                assertSameAsModel(random, next, seed);
            }
        }
        for (Entry left : List.copyOf(model.values())) {
            assertTrue(pending.remove(left));
        }
        assertTrue(pending.isEmpty());
        assertFalse(pending.iterator().hasNext());
    }

    /** Few hashes, so that what is found by event stands in one long row. */
    private static Id id(Random random) {
        byte[] bytes = new byte[Id.BYTES];
        random.nextBytes(bytes);
        bytes[Id.BYTES - 1] = (byte) random.nextInt(3);
        bytes[Id.BYTES - 2] = 0;
        bytes[7] = 0;
        bytes[6] = 0;
        return Id.of(bytes);
    }

    private void add(Entry entry) {
        pending.add(entry);
        model.put(entry.seq, entry);
    }

    private Entry some(Random random, long next) {
        var higher = model.ceilingEntry(random.nextLong(next + 1));
        return higher == null ? model.lastEntry().getValue() : higher.getValue();
    }

    private void assertSameAsModel(Random random, long next, long seed) {
        assertEquals(List.copyOf(model.values()), pending.stream().toList(), () -> "seed " + seed);
        List<Entry> after = new ArrayList<>();
        long from = random.nextLong(next + 2);
        pending.after(from).forEach(after::add);
        assertEquals(List.copyOf(model.tailMap(from, false).values()), after, () -> "seed " + seed);
        for (Entry entry : model.values()) {
            assertSame(entry, pending.find(entry.eventId), () -> "seed " + seed);
        }
        assertNull(pending.find(Id.random()));
        assertEquals(model.isEmpty(), pending.isEmpty());
    }

    @Test
    void aRetryAndWhatCouldNotBeDeletedMayBothBeThere() {
        Id same = Id.random();
        Entry first = entry(1, same);
        Entry second = entry(2, same);
        pending.add(second);
        pending.add(first);
        assertTrue(pending.remove(second));
        assertSame(first, pending.find(same));
        assertFalse(pending.remove(entry(1, same)));
        assertTrue(pending.remove(first));
        assertNull(pending.find(same));
    }

    @Test
    void aNumberIsGivenOutOnce() {
        pending.add(entry(1, Id.random()));
        pending.add(entry(2, Id.random()));
        assertThrows(IllegalStateException.class, () -> pending.add(entry(1, Id.random())));
        assertThrows(IllegalStateException.class, () -> pending.add(entry(2, Id.random())));
    }
}
