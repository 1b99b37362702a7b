// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.stream.Stream;
import org.handshaker.core.Id;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a queue in the order of their sequence numbers, to be found by number and by event. Guarded by its mailbox.
 *
 * <p>Arrays, and no object beside the entry itself: many thousands of events may wait, and of what storing one costs, the copying
 * of long-lived small objects from one heap generation to the next is the largest part after the disk. Numbers rise, so nearly
 * every entry goes to the end; where one is taken out a gap stays until gaps are most of the line.
 */
final class Pending implements Iterable<Entry> {
    private static final int ROOM_MIN = 8;
    private static final long[] NO_SEQS = {};
    private static final @Nullable Entry[] NO_ENTRIES = {};

    private long[] seqs = NO_SEQS;
    /** Beside {@link #seqs}; null in a gap. */
    private @Nullable Entry[] entries = NO_ENTRIES;
    /** Twice as long; an entry is in the first free place from the one that its event's id names. */
    private @Nullable Entry[] byEvent = NO_ENTRIES;

    private int begin;
    private int end;
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    /** Any of those with this id: a retry and what could not be deleted may both be there. */
    @Nullable
    Entry find(Id eventId) {
        if (size == 0) {
            return null;
        }
        int mask = byEvent.length - 1;
        int place = eventId.hashCode() & mask;
        for (@Nullable Entry entry = byEvent[place]; entry != null; entry = byEvent[place]) {
            if (entry.eventId.equals(eventId)) {
                return entry;
            }
            place = (place + 1) & mask;
        }
        return null;
    }

    /** The number must not be there. */
    void add(Entry entry) {
        if (end == entries.length) {
            rebuild();
        }
        if (end > begin && entry.seq <= seqs[end - 1]) {
            putBetween(entry);
        } else {
            seqs[end] = entry.seq;
            entries[end++] = entry;
        }
        size++;
        enter(entry);
    }

    private void putBetween(Entry entry) {
        int found = Arrays.binarySearch(seqs, begin, end, entry.seq);
        int at = found < 0 ? -found - 1 : found;
        if (found < 0) {
            System.arraycopy(seqs, at, seqs, at + 1, end - at);
            System.arraycopy(entries, at, entries, at + 1, end - at);
            end++;
        } else if (entries[at] != null) {
            throw new IllegalStateException("a sequence number is given out once");
        }
        seqs[at] = entry.seq;
        entries[at] = entry;
    }

    /** Says whether it was there. */
    boolean remove(Entry entry) {
        int at = Arrays.binarySearch(seqs, begin, end, entry.seq);
        if (at < 0 || entries[at] != entry) {
            return false;
        }
        entries[at] = null;
        size--;
        leave(entry);
        while (begin < end && entries[begin] == null) {
            begin++;
        }
        while (end > begin && entries[end - 1] == null) {
            end--;
        }
        if (end - begin > 4 * size + ROOM_MIN || (size == 0 && entries.length > ROOM_MIN)) {
            rebuild();
        }
        return true;
    }

    /** Without gaps, and with as much room again. */
    private void rebuild() {
        int room = Math.max(ROOM_MIN, Integer.highestOneBit(Math.max(1, size)) * 4);
        long[] oldSeqs = seqs;
        @Nullable Entry[] old = entries;
        seqs = new long[room];
        entries = new @Nullable Entry[room];
        byEvent = new @Nullable Entry[2 * room];
        int kept = 0;
        for (int i = begin; i < end; i++) {
            @Nullable Entry entry = old[i];
            if (entry != null) {
                seqs[kept] = oldSeqs[i];
                entries[kept++] = entry;
                enter(entry);
            }
        }
        begin = 0;
        end = kept;
    }

    private void enter(Entry entry) {
        int mask = byEvent.length - 1;
        int place = entry.eventId.hashCode() & mask;
        while (byEvent[place] != null) {
            place = (place + 1) & mask;
        }
        byEvent[place] = entry;
    }

    /** What stands behind it moves up, where it may: otherwise it would not be found any more. */
    private void leave(Entry entry) {
        int mask = byEvent.length - 1;
        int free = entry.eventId.hashCode() & mask;
        while (byEvent[free] != entry) {
            free = (free + 1) & mask;
        }
        int place = free;
        while (true) {
            place = (place + 1) & mask;
            @Nullable Entry next = byEvent[place];
            if (next == null) {
                byEvent[free] = null;
                return;
            }
            int first = next.eventId.hashCode() & mask;
            if (((place - first) & mask) >= ((place - free) & mask)) {
                byEvent[free] = next;
                free = place;
            }
        }
    }

    Stream<Entry> stream() {
        return Arrays.stream(entries, begin, end).filter(Objects::nonNull).map(Objects::requireNonNull);
    }

    /** All, in order. Not to be gone on with after a change. */
    @Override
    public Iterator<Entry> iterator() {
        return new From(begin);
    }

    /** As {@link #iterator}, of what comes after a number. */
    Iterable<Entry> after(long seq) {
        int found = Arrays.binarySearch(seqs, begin, end, seq);
        int first = found < 0 ? -found - 1 : found + 1;
        return () -> new From(first);
    }

    private final class From implements Iterator<Entry> {
        private int at;

        From(int first) {
            at = first;
            skipGaps();
        }

        private void skipGaps() {
            while (at < end && entries[at] == null) {
                at++;
            }
        }

        @Override
        public boolean hasNext() {
            return at < end;
        }

        @Override
        public Entry next() {
            if (at >= end) {
                throw new NoSuchElementException();
            }
            Entry next = Objects.requireNonNull(entries[at++]);
            skipGaps();
            return next;
        }
    }
}
