// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.store.Database;
import org.handshaker.web.Turn;
import org.jspecify.annotations.Nullable;

/**
 * The way of an offered event into a queue: its number, its place in memory or straight to the disk, and its receipt. Numbers
 * are reserved on the disk in blocks, so that none is given out twice, not after a crash either.
 */
final class Intake {
    /** Sequence numbers made durable at a time, at first; each block of a mailbox is twice as long as the last. */
    private static final int RESERVE_SEQS_MIN = 1_024;
    /** The longest block: a busy queue touches the disk once in so many events. A restart skips at most this many numbers. */
    private static final int RESERVE_SEQS_MAX = 65_536;
    /** With less than this part left, the next block is reserved in the background. */
    private static final int RESERVE_AHEAD_SHARE = 4;
    /** Bodies held in memory, all queues together; past it every event is committed at once. */
    private static final long MEMORY_BYTES_MAX = 64L * 1_024 * 1_024;
    /** Past it nothing more is taken in. */
    private static final long COMMITTING_BYTES_MAX = 128L * 1_024 * 1_024;

    private final Database database;
    private final InstantSource time;
    private final Queue.Times times;
    private final Visibility visibility;
    private final Timer timer;
    private final QueueStore store;
    private final Mailboxes boxes;
    private final Ledger ledger;
    private final Tags tags;
    private final Delivery delivery;
    private volatile boolean stopping;

    Intake(
            Database database,
            InstantSource time,
            Queue.Times times,
            Visibility visibility,
            Timer timer,
            QueueStore store,
            Mailboxes boxes,
            Ledger ledger,
            Tags tags,
            Delivery delivery) {
        this.database = database;
        this.time = time;
        this.times = times;
        this.visibility = visibility;
        this.timer = timer;
        this.store = store;
        this.boxes = boxes;
        this.ledger = ledger;
        this.tags = tags;
        this.delivery = delivery;
    }

    /** Takes nothing more in. */
    void stop() {
        stopping = true;
    }

    /** Refuses with {@code busy} where so much waits for the disk that nothing more is taken in. */
    void requireMemory() {
        if (boxes.bytesInMemory() > COMMITTING_BYTES_MAX) {
            throw Reason.BUSY.refuse();
        }
    }

    /** See {@link Queue#offer}. */
    CompletableFuture<Receipt> offer(Offer offer, Right right) {
        if (stopping) {
            throw Reason.SHUTTING_DOWN.refuse();
        }
        requireMemory();
        Id eventId = tags.eventId(offer);
        Id senderTag = tags.sender(offer.target(), offer.sender());
        Instant expiresAt =
                Instant.ofEpochSecond(time.instant().plus(ttl(offer)).getEpochSecond());
        boolean maySee = visibility.maySee(offer.sender(), offer.target());
        while (true) {
            AtomicBoolean someRanOut = new AtomicBoolean();
            @Nullable Taken taken;
            try {
                taken = boxes.with(offer.target(), box -> {
                    right.require();
                    someRanOut.set(boxes.purge(box, time.instant().getEpochSecond()));
                    return take(box, offer, eventId, senderTag, expiresAt, maySee);
                });
            } finally {
                if (someRanOut.get()) {
                    // The window of the sockets has moved, also where this offer is refused or adds nothing.
                    delivery.deliver(offer.target());
                }
            }
            if (taken == null) {
                reserve(offer.target(), right);
                continue;
            }
            if (taken.isNew()) {
                begin(taken);
            } else if (!maySee) {
                // The first one's expiry would say whether it still waits, and so whether its recipient was here since.
                return taken.entry
                        .receipt()
                        .thenApply(safe -> new Receipt(safe.eventId(), Receipt.Status.STORED, expiresAt));
            }
            return taken.entry.receipt();
        }
    }

    /** What became of an offer under the mailbox's monitor. */
    private record Taken(Mailbox box, Entry entry, boolean isNew, boolean mustReserveAhead) {}

    /** Nothing when sequence numbers must be reserved first. */
    private @Nullable Taken take(
            Mailbox box, Offer offer, Id eventId, Id senderTag, Instant expiresAt, boolean maySee) {
        @Nullable Entry earlier = box.find(eventId);
        if (earlier != null) {
            return new Taken(box, earlier, false, false);
        }
        // Here and not only when it is committed: nobody is to be shown what may be refused in the end.
        database.requireRoom();
        if (box.nextSeq > box.reserved) {
            return null;
        }
        Event event = new Event(
                eventId,
                box.nextSeq,
                offer.kind().eventClass(),
                offer.senderName(),
                offer.kind().text(),
                offer.payload(),
                expiresAt);
        int bytes = Bodies.sealedBytes(event);
        box.requireRoom(senderTag, bytes);
        box.nextSeq++;
        boolean lingers = maySee && mayLinger(box, expiresAt);
        Entry entry = new Entry(
                event.seq(),
                eventId,
                event.eventClass(),
                box.sameTag(senderTag),
                expiresAt.getEpochSecond(),
                bytes,
                lingers ? Entry.State.MEMORY : Entry.State.COMMITTING,
                event);
        if (!lingers) {
            // First, because it may be refused.
            insert(box, entry);
        }
        boxes.hold(box, entry);
        return new Taken(box, entry, true, box.reserved - box.nextSeq == box.reserveSeqs / RESERVE_AHEAD_SHARE);
    }

    /** An event that would run out before its linger ends is committed at once, and so is all that comes while the relay stops. */
    private boolean mayLinger(Mailbox box, Instant expiresAt) {
        return !stopping
                && !times.linger().isZero()
                && box.hasListener()
                && boxes.bytesInMemory() < MEMORY_BYTES_MAX
                && time.instant().plus(times.linger()).isBefore(expiresAt);
    }

    private void begin(Taken taken) {
        Mailbox box = taken.box;
        Entry entry = taken.entry;
        if (entry.state == Entry.State.MEMORY) {
            entry.linger = timer.after(times.linger(), () -> commit(box, entry));
        }
        if (taken.mustReserveAhead) {
            reserveAhead(box);
        }
        delivery.deliver(box.owner);
    }

    /** The linger is over, or the relay stops: what is in memory goes to the disk. */
    void commit(Mailbox box, Entry entry) {
        try {
            synchronized (box) {
                if (entry.isGone || entry.state != Entry.State.MEMORY) {
                    return;
                }
                insert(box, entry);
                entry.state = Entry.State.COMMITTING;
            }
        } catch (Refused refused) {
            giveUp(box, List.of(entry), refused);
        }
    }

    /** Lines the insert up while the mailbox's monitor is held: whoever takes the entry out afterwards comes behind it. */
    private void insert(Mailbox box, Entry entry) {
        ledger.insert(box, entry, (entries, refused) -> {
            if (refused == null) {
                stored(box, entries);
            } else {
                giveUp(box, entries, refused);
            }
        });
    }

    private void stored(Mailbox box, List<Entry> entries) {
        synchronized (box) {
            for (Entry entry : entries) {
                // What was acked before its turn is safe, too, and lies nowhere.
                if (entry.isTaken) {
                    entry.state = Entry.State.STORED;
                }
                boxes.release(entry);
            }
        }
        entries.forEach(entry -> entry.tellSafe(Receipt.Status.STORED));
    }

    private void giveUp(Mailbox box, List<Entry> entries, Refused refused) {
        List<Entry> acked = new ArrayList<>();
        synchronized (box) {
            for (Entry entry : entries) {
                if (entry.isGone) {
                    acked.add(entry);
                }
                box.remove(entry);
                boxes.release(entry);
            }
        }
        // Whoever was shown it has taken it, disk or no disk. What went for another reason has its answer already.
        acked.forEach(entry -> entry.tellSafe(Receipt.Status.STORED));
        entries.forEach(entry -> entry.tellRefused(refused));
        delivery.deliver(box.owner);
    }

    /** Makes the next block of sequence numbers durable and waits for it; the first event of a queue needs it. */
    private void reserve(Id target, Right right) {
        long upTo = boxes.with(target, box -> {
            box.reserveSeqs = RESERVE_SEQS_MIN;
            return box.nextSeq + box.reserveSeqs;
        });
        Turn.beforeWaiting();
        QueueStore.QueueRow row = database.write(handle -> {
            right.require(handle);
            return store.reserve(handle, boxes.blind(target), upTo);
        });
        boxes.with(target, box -> {
            box.reserved(row);
            return null;
        });
    }

    private void reserveAhead(Mailbox box) {
        synchronized (box) {
            box.reserveSeqs = Math.min(2 * box.reserveSeqs, RESERVE_SEQS_MAX);
            long upTo = box.reserved + box.reserveSeqs;
            try {
                var unused = ledger.add(box, handle -> store.reserveMore(handle, boxes.blind(box.owner), upTo))
                        .thenAccept(reserved -> reserved.ifPresent(row -> {
                            synchronized (box) {
                                box.reserved(row);
                            }
                        }));
            } catch (Refused busy) {
                // Nothing is lost: whoever needs the next number reserves it then.
                return;
            }
        }
    }

    private Duration ttl(Offer offer) {
        Duration longest = offer.kind().eventClass() == EventClass.SIGNAL ? times.signalTtl() : times.messageTtl();
        @Nullable Duration asked = offer.ttl();
        return asked == null || asked.compareTo(longest) > 0 ? longest : asked;
    }
}
