// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
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

    /** Changes lined up and not yet made: until then the disk knows less than this. */
    final AtomicInteger changesUnderWay = new AtomicInteger();

    /** Lined up for the disk and not yet taken by a commit. */
    Ledger.@Nullable Inserting inserting;

    Ledger.@Nullable Deleting deleting;

    long queueRow;
    long nextSeq;
    /** Durable: no seq up to here is given out again after a crash. */
    long reserved;

    /** How many were made durable last time. */
    int reserveSeqs;

    long expired;

    final List<Receiver> receivers = new ArrayList<>(1);
    final List<Waiter> waiters = new ArrayList<>(1);

    private final Pending pending = new Pending();
    private final Map<Id, Share> bySender = new HashMap<>();
    private static final Share NOTHING = new Share(null);

    private final Share all = new Share(null);
    private int systemEvents;
    /** Nothing here runs out before this. */
    private long earliestExpirySeconds = Long.MAX_VALUE;

    Mailbox(Id owner) {
        this.owner = owner;
    }

    /** What somebody holds of the queue. */
    private static final class Share {
        final @Nullable Id tag;
        int events;
        long bytes;

        Share(@Nullable Id tag) {
            this.tag = tag;
        }

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
        return pending.find(eventId);
    }

    /** Refuses with {@code queue_full} what would overfill the queue or give one sender more than half of it. */
    void requireRoom(Id senderTag, int bytes) {
        Share share = bySender.getOrDefault(senderTag, NOTHING);
        if (!all.fits(bytes, Limits.QUEUE_EVENTS_MAX, Limits.QUEUE_BYTES_MAX)
                || !share.fits(bytes, Limits.QUEUE_EVENTS_MAX / 2, Limits.QUEUE_BYTES_MAX / 2)) {
            throw Reason.QUEUE_FULL.refuseFor(30);
        }
    }

    /** The tag as it is known here already, so that a sender's many events have one. */
    Id sameTag(Id senderTag) {
        @Nullable Share share = bySender.get(senderTag);
        return share == null || share.tag == null ? senderTag : share.tag;
    }

    /** A block of sequence numbers is durable. */
    void reserved(QueueStore.QueueRow row) {
        queueRow = row.queue();
        reserved = Math.max(reserved, row.reserved());
    }

    void add(Entry entry) {
        entry.isGone = false;
        earliestExpirySeconds = Math.min(earliestExpirySeconds, entry.expiresAtSeconds);
        pending.add(entry);
        if (entry.eventClass == EventClass.SYSTEM) {
            systemEvents++;
        } else {
            all.add(entry, +1);
            bySender.computeIfAbsent(entry.senderTag, Share::new).add(entry, +1);
        }
        countInFlight(entry, +1);
    }

    /** Takes an entry out, whatever its state; what is on the disk or on its way there must then be deleted. */
    void remove(Entry entry) {
        if (!pending.remove(entry)) {
            return;
        }
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
        countInFlight(entry, -1);
    }

    /** What a receiver has been pushed up to its cursor and is still pending is its window. */
    private void countInFlight(Entry entry, int sign) {
        for (Receiver receiver : receivers) {
            if (entry.seq <= receiver.cursor) {
                receiver.inFlight += sign;
                receiver.bytesInFlight += (long) sign * entry.bytes;
            }
        }
    }

    /** What a new system event takes the place of: those about the same subject, or the oldest past their allowance. */
    List<Entry> replacedBy(Id subjectTag) {
        List<Entry> system = pending.stream()
                .filter(entry -> entry.eventClass == EventClass.SYSTEM && entry.state == Entry.State.STORED)
                .toList();
        List<Entry> same = system.stream()
                .filter(entry -> entry.senderTag.equals(subjectTag))
                .toList();
        if (!same.isEmpty()) {
            return same;
        }
        // Several announced in one commit may have chosen the same to go: the next makes up for it.
        int tooMany = systemEvents + 1 - Limits.SYSTEM_EVENTS_MAX;
        return tooMany <= 0 ? List.of() : system.subList(0, Math.min(tooMany, system.size()));
    }

    /** Entries that satisfy {@code which}, all but the hidden, those behind a hidden one included. */
    List<Entry> all(Predicate<Entry> which) {
        return pending.stream()
                .filter(entry -> entry.state != Entry.State.HIDDEN && which.test(entry))
                .toList();
    }

    List<Entry> upTo(long seq, Predicate<Entry> which) {
        List<Entry> found = new ArrayList<>();
        for (Entry entry : pending) {
            if (entry.seq > seq) {
                break;
            }
            if (entry.state != Entry.State.HIDDEN && which.test(entry)) {
                found.add(entry);
            }
        }
        return found;
    }

    /** The first entries to show, at most {@code max}, not past a hidden one. */
    List<Entry> first(int max, long nowSeconds, Predicate<Entry> which) {
        List<Entry> found = new ArrayList<>();
        for (Entry entry : pending) {
            if (entry.state == Entry.State.HIDDEN || found.size() == max) {
                break;
            }
            if (!entry.isExpired(nowSeconds) && which.test(entry)) {
                found.add(entry);
            }
        }
        return found;
    }

    /** What to push next to a receiver, within its window. */
    List<Entry> nextFor(Receiver receiver, int max, long nowSeconds) {
        List<Entry> next = new ArrayList<>();
        long bytes = receiver.bytesInFlight;
        for (Entry entry : pending.after(receiver.cursor)) {
            int inFlight = receiver.inFlight + next.size();
            boolean fits = inFlight == 0 || bytes + entry.bytes <= Limits.UNACKED_BYTES_PER_SOCKET_MAX;
            if (next.size() == max
                    || inFlight >= Limits.UNACKED_PER_SOCKET_MAX
                    || entry.state == Entry.State.HIDDEN
                    || !fits) {
                break;
            }
            if (!entry.isExpired(nowSeconds)) {
                next.add(entry);
                bytes += entry.bytes;
            }
        }
        return next;
    }

    /** Everything up to the last of these was pushed; what of it is still pending counts into the window. */
    void advance(Receiver receiver, List<Entry> pushed) {
        if (pushed.isEmpty()) {
            return;
        }
        long toSeq = pushed.get(pushed.size() - 1).seq;
        for (Entry entry : pending.after(receiver.cursor)) {
            if (entry.seq > toSeq) {
                break;
            }
            receiver.inFlight++;
            receiver.bytesInFlight += entry.bytes;
        }
        receiver.cursor = toSeq;
    }

    /** What ran out. */
    List<Entry> expired(long nowSeconds) {
        if (nowSeconds < earliestExpirySeconds) {
            return List.of();
        }
        earliestExpirySeconds = pending.stream()
                .mapToLong(entry -> entry.expiresAtSeconds)
                .filter(expiry -> expiry > nowSeconds)
                .min()
                .orElse(Long.MAX_VALUE);
        return all(entry -> entry.isExpired(nowSeconds));
    }

    boolean isPending() {
        return !pending.isEmpty();
    }

    boolean hasListener() {
        return !receivers.isEmpty() || !waiters.isEmpty();
    }

    /** Nothing is lost when it is forgotten: all of it is on the disk, and only there, and nobody listens. */
    boolean isIdle() {
        return !hasListener()
                && changesUnderWay.get() == 0
                && pending.stream().allMatch(entry -> entry.state == Entry.State.STORED);
    }
}
