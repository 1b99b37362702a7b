// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Username;
import org.handshaker.store.Database;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Puts users' events into queues as part of a change of the caller's: they are there if and only if it is committed, and
 * nobody is shown them before. What is for many lies on the disk once; each queue has a short row that points to it. A queue
 * without room is passed over and counted.
 */
final class Handing {
    /** Sequence numbers made durable at a time. */
    private static final int RESERVE_SEQS = 1_024;

    private final Database database;
    private final InstantSource time;
    private final Queue.Times times;
    private final QueueStore store;
    private final Mailboxes boxes;
    private final Bodies bodies;
    private final Tags tags;
    private final Delivery delivery;

    Handing(
            Database database,
            InstantSource time,
            Queue.Times times,
            QueueStore store,
            Mailboxes boxes,
            Bodies bodies,
            Tags tags,
            Delivery delivery) {
        this.database = database;
        this.time = time;
        this.times = times;
        this.store = store;
        this.boxes = boxes;
        this.bodies = bodies;
        this.tags = tags;
        this.delivery = delivery;
    }

    /** What is put into one queue or another. */
    private record Letter(
            Id eventId,
            Id sender,
            Username from,
            String kind,
            EventClass eventClass,
            String payload,
            @Nullable String group,
            Instant expiresAt) {
        Event as(long seq) {
            return new Event(eventId, seq, eventClass, from, kind, payload, expiresAt, group);
        }
    }

    private enum Result {
        PUT,
        THERE_ALREADY,
        FULL
    }

    /** One body for all; {@code queue_full} only where there was room with nobody. */
    FanOut toAll(Handle handle, GroupOffer offer) {
        Instant expiresAt = expiry(offer.kind().eventClass(), offer.ttl());
        Letter letter = new Letter(
                tags.groupEventId(offer),
                offer.sender(),
                offer.senderName(),
                offer.kind().text(),
                offer.kind().eventClass(),
                offer.payload(),
                offer.group(),
                expiresAt);
        byte[] body = bodies.sealShared(letter.as(0));
        List<QueueStore.Reference> references = new ArrayList<>();
        int put = 0;
        int there = 0;
        int full = 0;
        for (Id recipient : offer.recipients()) {
            switch (put(handle, recipient, letter, body.length, references)) {
                case PUT -> put++;
                case THERE_ALREADY -> there++;
                case FULL -> full++;
            }
        }
        if (full > 0 && put + there == 0) {
            throw Reason.QUEUE_FULL.refuseFor(30);
        }
        store.insertShared(handle, body, references);
        return new FanOut(letter.eventId, expiresAt, put + there, full);
    }

    /** A body of its own; says whether there was room. */
    boolean toOne(Handle handle, Id sender, Username from, Id recipient, String kind, String payload) {
        Instant expiresAt = expiry(EventClass.MESSAGE, null);
        Letter letter = new Letter(Id.random(), sender, from, kind, EventClass.MESSAGE, payload, null, expiresAt);
        return put(handle, recipient, letter, Bodies.sealedBytes(letter.as(0)), null) == Result.PUT;
    }

    /** @param references hears who is to refer to the shared body; null for a body of its own */
    private Result put(
            Handle handle, Id recipient, Letter letter, int bytes, @Nullable List<QueueStore.Reference> references) {
        Id senderTag = tags.sender(recipient, letter.sender);
        record Hidden(
                Result result,
                Mailbox box,
                @Nullable Event event,
                @Nullable Entry entry,
                boolean mustReserve,
                boolean someRanOut) {}
        Hidden hidden = boxes.with(recipient, box -> {
            boolean someRanOut = boxes.purge(box, time.instant().getEpochSecond());
            Result result = result(box, letter, senderTag, bytes);
            if (result != Result.PUT) {
                return new Hidden(result, box, null, null, false, someRanOut);
            }
            Event event = letter.as(box.nextSeq++);
            Entry entry = new Entry(
                    event.seq(),
                    event.eventId(),
                    event.eventClass(),
                    senderTag,
                    event.expiresAt().getEpochSecond(),
                    bytes,
                    Entry.State.HIDDEN,
                    null);
            entry.isShared = references != null;
            // Whoever listens gets it from here: the text is one for all, and need not be read once for each.
            entry.shown = box.hasListener() ? event : null;
            boolean mustReserve = box.queueRow == 0 || event.seq() > box.reserved;
            box.add(entry);
            return new Hidden(result, box, event, entry, mustReserve, someRanOut);
        });
        if (hidden.someRanOut) {
            delivery.deliver(recipient);
        }
        if (hidden.event != null && hidden.entry != null) {
            write(handle, recipient, hidden.box, hidden.event, hidden.entry, hidden.mustReserve, references);
        }
        return hidden.result;
    }

    private static Result result(Mailbox box, Letter letter, Id senderTag, int bytes) {
        if (box.find(letter.eventId) != null) {
            return Result.THERE_ALREADY;
        }
        try {
            box.requireRoom(senderTag, bytes);
            return Result.PUT;
        } catch (Refused full) {
            return Result.FULL;
        }
    }

    private void write(
            Handle handle,
            Id recipient,
            Mailbox box,
            Event event,
            Entry entry,
            boolean mustReserve,
            @Nullable List<QueueStore.Reference> references) {
        QueueStore.@Nullable QueueRow[] row = new QueueStore.@Nullable QueueRow[1];
        // Before the statements below, which may fail: a hidden entry must not stay.
        database.onOutcome(isCommitted -> settle(recipient, box, entry, isCommitted ? row[0] : null, isCommitted));
        if (mustReserve) {
            row[0] = store.reserve(handle, boxes.blind(recipient), entry.seq + RESERVE_SEQS);
        }
        long queueRow = row[0] == null ? box.queueRow : row[0].queue();
        if (references != null) {
            references.add(new QueueStore.Reference(queueRow, entry));
        } else {
            store.insert(handle, queueRow, List.of(new QueueStore.Sealed(entry, bodies.seal(recipient, event))));
        }
    }

    private void settle(
            Id recipient, Mailbox box, Entry entry, QueueStore.@Nullable QueueRow row, boolean isCommitted) {
        synchronized (box) {
            if (!isCommitted) {
                box.remove(entry);
            } else {
                entry.state = Entry.State.STORED;
            }
            if (row != null) {
                box.reserved(row);
            }
        }
        delivery.deliver(recipient);
        synchronized (box) {
            entry.shown = null;
        }
    }

    private Instant expiry(EventClass eventClass, @Nullable Duration asked) {
        Duration longest = eventClass == EventClass.SIGNAL ? times.signalTtl() : times.messageTtl();
        Duration life = asked == null || asked.compareTo(longest) > 0 ? longest : asked;
        return Instant.ofEpochSecond(time.instant().plus(life).getEpochSecond());
    }
}
