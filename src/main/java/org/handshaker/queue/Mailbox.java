// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.jspecify.annotations.Nullable;

/**
 * One user's queue in memory: the pending entries in order, what each sender holds of it, and who is listening. Every method
 * is called with this mailbox's monitor held, and none of them touches the disk or calls out.
 */
final class Mailbox {
    final Id owner;

    boolean isLoaded;
    /** Taken out of the registry: whoever holds it must ask for the new one. */
    boolean isRetired;

    /** Used since the last sweep. */
    boolean isTouched;

    long queueRow;
    long nextSeq;
    /** Durable: no seq up to here is given out again after a crash. */
    long reserved;

    long expired;

    final List<Receiver> receivers = new ArrayList<>(1);
    final List<Waiter> waiters = new ArrayList<>(1);

    private final NavigableMap<Long, Entry> pending = new TreeMap<>();
    private final Map<Id, Entry> byEventId = new HashMap<>();
    private final Map<Id, Share> bySender = new HashMap<>();
    private final Share all = new Share();
    private int systemEvents;

    Mailbox(Id owner) {
        this.owner = owner;
    }

    /** What somebody holds of the queue. */
    private static final class Share {
        int events;
        long bytes;

        boolean fits(int moreBytes, int eventsMax, long bytesMax) {
            return events + 1 <= eventsMax && bytes + moreBytes <= bytesMax;
        }

        void add(Entry entry, int sign) {
            events += sign;
            bytes += (long) sign * entry.bytes;
        }
    }

    @Nullable
    Entry find(Id eventId) {
        return byEventId.get(eventId);
    }

    /** Refuses with {@code queue_full} what would overfill the queue or give one sender more than half of it. */
    void requireRoom(Id senderTag, int bytes) {
        Share share = bySender.getOrDefault(senderTag, new Share());
        if (!all.fits(bytes, Limits.QUEUE_EVENTS_MAX, Limits.QUEUE_BYTES_MAX)
                || !share.fits(bytes, Limits.QUEUE_EVENTS_MAX / 2, Limits.QUEUE_BYTES_MAX / 2)) {
            throw Reason.QUEUE_FULL.refuseFor(30);
        }
    }

    void add(Entry entry) {
        pending.put(entry.seq, entry);
        byEventId.put(entry.eventId, entry);
        if (entry.eventClass == EventClass.SYSTEM) {
            systemEvents++;
        } else {
            all.add(entry, +1);
            bySender.computeIfAbsent(entry.senderTag, tag -> new Share()).add(entry, +1);
        }
    }

    /** Takes an entry out, whatever its state; what is on the disk or on its way there must then be deleted. */
    void remove(Entry entry) {
        if (pending.remove(entry.seq) == null) {
            return;
        }
        byEventId.remove(entry.eventId, entry);
        entry.isGone = true;
        if (entry.eventClass == EventClass.SYSTEM) {
            systemEvents--;
        } else {
            all.add(entry, -1);
            bySender.computeIfPresent(entry.senderTag, (tag, share) -> {
                share.add(entry, -1);
                return share.events == 0 ? null : share;
            });
        }
        for (Receiver receiver : receivers) {
            if (entry.seq <= receiver.cursor) {
                receiver.inFlight--;
                receiver.bytesInFlight -= entry.bytes;
            }
        }
    }

    /** What a new system event takes the place of: those about the same subject, or the oldest when their allowance is used up. */
    List<Entry> replacedBy(Id subjectTag) {
        List<Entry> system = pending.values().stream()
                .filter(entry -> entry.eventClass == EventClass.SYSTEM && entry.state == Entry.State.STORED)
                .toList();
        List<Entry> same = system.stream()
                .filter(entry -> entry.senderTag.equals(subjectTag))
                .toList();
        return same.isEmpty() && systemEvents >= Limits.SYSTEM_EVENTS_MAX
                ? system.stream().limit(1).toList()
                : same;
    }

    /** Entries that a client can have seen and that satisfy {@code which}. */
    List<Entry> shown(Predicate<Entry> which) {
        List<Entry> found = new ArrayList<>();
        for (Entry entry : pending.values()) {
            if (entry.state == Entry.State.HIDDEN) {
                break;
            }
            if (which.test(entry)) {
                found.add(entry);
            }
        }
        return found;
    }

    List<Entry> upTo(long seq, Predicate<Entry> which) {
        return pending.headMap(seq, true).values().stream()
                .filter(entry -> entry.state != Entry.State.HIDDEN && which.test(entry))
                .toList();
    }

    /** The first entries to show, at most {@code max}, not past a hidden one. */
    List<Entry> first(int max, long nowSeconds, Predicate<Entry> which) {
        List<Entry> found = new ArrayList<>();
        for (Entry entry : pending.values()) {
            if (entry.state == Entry.State.HIDDEN || found.size() == max) {
                break;
            }
            if (!entry.isExpired(nowSeconds) && which.test(entry)) {
                found.add(entry);
            }
        }
        return found;
    }

    /** What to push next to a receiver, within its window; moves its cursor. */
    List<Entry> nextFor(Receiver receiver, int max, long nowSeconds) {
        List<Entry> next = new ArrayList<>();
        Iterator<Entry> entries =
                pending.tailMap(receiver.cursor, false).values().iterator();
        while (entries.hasNext() && next.size() < max && receiver.inFlight < Limits.UNACKED_PER_SOCKET_MAX) {
            Entry entry = entries.next();
            boolean fits = receiver.inFlight == 0
                    || receiver.bytesInFlight + entry.bytes <= Limits.UNACKED_BYTES_PER_SOCKET_MAX;
            if (entry.state == Entry.State.HIDDEN || !fits) {
                break;
            }
            receiver.cursor = entry.seq;
            receiver.inFlight++;
            receiver.bytesInFlight += entry.bytes;
            if (!entry.isExpired(nowSeconds)) {
                next.add(entry);
            }
        }
        return next;
    }

    List<Entry> expired(long nowSeconds) {
        return shown(entry -> entry.isExpired(nowSeconds));
    }

    List<Entry> inMemory() {
        return shown(entry -> entry.state == Entry.State.MEMORY);
    }

    int size() {
        return pending.size();
    }

    boolean hasListener() {
        return !receivers.isEmpty() || !waiters.isEmpty();
    }

    /** Nothing is lost when it is forgotten: all of it is on the disk, and nobody listens. */
    boolean isIdle() {
        return !hasListener() && pending.values().stream().allMatch(entry -> entry.state == Entry.State.STORED);
    }
}
