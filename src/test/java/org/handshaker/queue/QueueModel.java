// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.handshaker.queue.Invariant.RETRY;
import static org.handshaker.queue.Invariant.SEQ;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.jspecify.annotations.Nullable;

/** What should be true of the queues: plain lists in order, and the little that was ever seen of each number and id. */
final class QueueModel {
    /** One event that was taken in. */
    static final class Sent {
        final int number;
        final @Nullable Id sender;
        final Id target;
        final String kind;
        final String payload;
        final Instant expiresAt;
        final boolean mayBeDelivered;
        /** The key of its kind of retry; of a system event, of its replacement. */
        final @Nullable String key;
        /** As it counts against the quotas: sealed. */
        final int bytes;

        CompletableFuture<Receipt> receipt = new CompletableFuture<>();
        boolean isAcked;
        /** A committed change has taken it off the disk, whatever became of its ack. */
        boolean isDeleted;
        /** The highest number seen in its queue when it came; its own must be higher. */
        long after;

        Sent(
                int number,
                @Nullable Id sender,
                Id target,
                String kind,
                String payload,
                Instant expiresAt,
                boolean mayBeDelivered,
                @Nullable String key) {
            this.number = number;
            this.sender = sender;
            this.target = target;
            this.kind = kind;
            this.payload = payload;
            this.expiresAt = expiresAt;
            this.mayBeDelivered = mayBeDelivered;
            this.key = key;
            int name = sender == null ? 0 : Queues.NAME.bare().length();
            this.bytes = 30 + name + kind.length() + payload.length();
        }

        boolean isFrom(Id somebody) {
            return sender != null && sender.equals(somebody);
        }

        boolean isRetryOf(Sent other) {
            return key != null
                    && key.equals(other.key)
                    && sender != null
                    && other.isFrom(sender)
                    && target.equals(other.target);
        }

        boolean replaces(Sent older) {
            return older.isSystem() && key != null && key.equals(older.key);
        }

        boolean isSystem() {
            return sender == null;
        }

        boolean isSignal() {
            return !isSystem() && new Kind(kind).eventClass() == EventClass.SIGNAL;
        }

        boolean isExpired(Instant now) {
            return expiresAt.getEpochSecond() <= now.getEpochSecond();
        }
    }

    /** One user's queue. */
    static final class Line {
        final List<Sent> pending = new ArrayList<>();
        /** Who ever had a number; for ever. */
        final Map<Long, Integer> numberOfSeq = new HashMap<>();

        final Map<Integer, Long> seqOfNumber = new HashMap<>();
        long lastSeq;
        long expired;
        /** A kill may have forgotten some that had run out in memory only. */
        boolean mayCountLess;

        List<Sent> alive(Instant now) {
            return pending.stream().filter(sent -> !sent.isExpired(now)).toList();
        }

        void purge(Instant now) {
            List<Sent> ranOut =
                    pending.stream().filter(sent -> sent.isExpired(now)).toList();
            pending.removeAll(ranOut);
            expired += ranOut.size();
        }

        void add(Sent sent) {
            sent.after = lastSeq;
            pending.add(sent);
        }

        /** Checks that an event that was seen has the number it always had, and that no other ever had it. */
        void saw(Event event, Sent sent) {
            int number = sent.number;
            SEQ.check(event.seq() > sent.after, "an old seq");
            Integer before = numberOfSeq.put(event.seq(), number);
            SEQ.check(before == null || before == number, "seq " + event.seq() + " was given out twice");
            Long known = seqOfNumber.put(number, event.seq());
            SEQ.check(known == null || known == event.seq(), "an event changed its seq");
            lastSeq = Math.max(lastSeq, event.seq());
        }

        /** An ack that was not done: everything in its old place. */
        void putBack(List<Sent> taken) {
            pending.addAll(taken);
            pending.sort(Comparator.comparingInt(sent -> sent.number));
        }

        List<Sent> take(Predicate<Sent> which) {
            List<Sent> taken = pending.stream().filter(which).toList();
            pending.removeAll(taken);
            return taken;
        }

        boolean hasRoom(Id sender, int bytes) {
            return fits(sent -> !sent.isSystem(), bytes, Limits.QUEUE_EVENTS_MAX, Limits.QUEUE_BYTES_MAX)
                    && fits(
                            sent -> sent.isFrom(sender),
                            bytes,
                            Limits.QUEUE_EVENTS_MAX / 2,
                            Limits.QUEUE_BYTES_MAX / 2);
        }

        private boolean fits(Predicate<Sent> whose, int bytes, int eventsMax, int bytesMax) {
            List<Sent> held = pending.stream().filter(whose).toList();
            return held.size() < eventsMax
                    && held.stream().mapToLong(sent -> sent.bytes).sum() + bytes <= bytesMax;
        }
    }

    private final Map<Id, Line> lines = new HashMap<>();
    /** The event id of each key, for ever. */
    private final Map<String, Id> eventIds = new HashMap<>();

    Line line(Id owner) {
        return lines.computeIfAbsent(owner, missing -> new Line());
    }

    Iterable<Line> all() {
        return lines.values();
    }

    void gone(Id owner) {
        lines.remove(owner);
    }

    /** Checks that a retry's event id is the one that its first had. */
    void sawId(Sent sent, Id eventId) {
        if (sent.sender == null || sent.key == null) {
            return;
        }
        @Nullable Id before = eventIds.put(sent.sender.text() + sent.target.text() + sent.key, eventId);
        RETRY.check(before == null || before.equals(eventId), "a retry has another event id");
    }
}
