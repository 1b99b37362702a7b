// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.store.Database;
import org.jspecify.annotations.Nullable;

/**
 * The way of an offered event into a queue: its number, its place in memory or straight to the disk, and its receipt. Numbers
 * are reserved on the disk in blocks, so that none is given out twice, not after a crash either.
 */
final class Intake {
    /** Sequence numbers made durable at a time; a restart skips at most this many. */
    private static final int RESERVE_SEQS = 1_024;
    /** With fewer left, the next block is reserved in the background. */
    private static final int RESERVE_AHEAD_SEQS = 256;
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
    private final Bodies bodies;
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
            Bodies bodies,
            Tags tags,
            Delivery delivery) {
        this.database = database;
        this.time = time;
        this.times = times;
        this.visibility = visibility;
        this.timer = timer;
        this.store = store;
        this.boxes = boxes;
        this.bodies = bodies;
        this.tags = tags;
        this.delivery = delivery;
    }

    /** Takes nothing more in. */
    void stop() {
        stopping = true;
    }

    /** See {@link Queue#offer}. */
    CompletableFuture<Receipt> offer(Offer offer, Runnable requireRight) {
        if (stopping) {
            throw Reason.SHUTTING_DOWN.refuse();
        }
        if (boxes.bytesInMemory() > COMMITTING_BYTES_MAX) {
            throw Reason.BUSY.refuse();
        }
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
                    requireRight.run();
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
                reserve(offer.target());
                continue;
            }
            if (taken.isNew()) {
                begin(taken);
            } else if (!maySee) {
                // The first one's expiry would say whether it still waits, and so whether its recipient was here since.
                return taken.entry.receipt.thenApply(
                        safe -> new Receipt(safe.eventId(), Receipt.Status.STORED, expiresAt));
            }
            return taken.entry.receipt;
        }
    }

    /**
     * What became of an offer under the mailbox's monitor.
     *
     * @param insert under way to the disk; null while it lingers in memory
     */
    private record Taken(
            Mailbox box,
            Entry entry,
            boolean isNew,
            boolean mustReserveAhead,
            @Nullable CompletableFuture<Boolean> insert) {}

    /** Nothing when sequence numbers must be reserved first. */
    private @Nullable Taken take(
            Mailbox box, Offer offer, Id eventId, Id senderTag, Instant expiresAt, boolean maySee) {
        @Nullable Entry earlier = box.find(eventId);
        if (earlier != null) {
            return new Taken(box, earlier, false, false, null);
        }
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
                senderTag,
                expiresAt.getEpochSecond(),
                bytes,
                lingers ? Entry.State.MEMORY : Entry.State.COMMITTING,
                event);
        @Nullable CompletableFuture<Boolean> insert = lingers ? null : insert(box, entry);
        boxes.hold(box, entry);
        return new Taken(box, entry, true, box.reserved - box.nextSeq == RESERVE_AHEAD_SEQS, insert);
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
        if (taken.insert == null) {
            entry.linger = timer.after(times.linger(), () -> commit(box, entry));
        } else {
            whenInserted(box, entry, taken.insert);
        }
        if (taken.mustReserveAhead) {
            reserveAhead(box);
        }
        delivery.deliver(box.owner);
    }

    /** The linger is over, or the relay stops: what is in memory goes to the disk. */
    void commit(Mailbox box, Entry entry) {
        CompletableFuture<Boolean> insert;
        try {
            synchronized (box) {
                if (entry.isGone || entry.state != Entry.State.MEMORY) {
                    return;
                }
                insert = insert(box, entry);
                entry.state = Entry.State.COMMITTING;
            }
        } catch (Refused refused) {
            giveUp(box, entry, refused);
            return;
        }
        whenInserted(box, entry, insert);
    }

    /**
     * Lines the insert up while the mailbox's monitor is held: whoever takes the entry out afterwards lines its delete up
     * behind it.
     */
    private CompletableFuture<Boolean> insert(Mailbox box, Entry entry) {
        byte[] body = bodies.seal(box.owner, Objects.requireNonNull(entry.event));
        long queueRow = box.queueRow;
        return boxes.change(box, handle -> {
            store.insert(handle, queueRow, entry, body);
            return true;
        });
    }

    /** Not under the monitor: whoever waits for the receipt may do what they like then. */
    private void whenInserted(Mailbox box, Entry entry, CompletableFuture<Boolean> insert) {
        var unused = insert.whenComplete((inserted, failed) -> {
            if (failed == null) {
                synchronized (box) {
                    entry.state = Entry.State.STORED;
                    boxes.release(entry);
                }
                entry.receipt.complete(entry.receipt(Receipt.Status.STORED));
            } else {
                giveUp(box, entry, refusal(failed));
            }
        });
    }

    private void giveUp(Mailbox box, Entry entry, Refused refused) {
        synchronized (box) {
            box.remove(entry);
            boxes.release(entry);
        }
        entry.receipt.completeExceptionally(refused);
        delivery.deliver(box.owner);
    }

    private static Refused refusal(Throwable failed) {
        @Nullable Throwable cause = failed instanceof CompletionException ? failed.getCause() : failed;
        return cause instanceof Refused refused ? refused : Reason.INTERNAL.refuse();
    }

    /** Makes the next block of sequence numbers durable and waits for it; the first event of a queue needs it. */
    private void reserve(Id target) {
        long upTo = boxes.with(target, box -> box.nextSeq) + RESERVE_SEQS;
        QueueStore.QueueRow row = database.write(handle -> store.reserve(handle, boxes.blind(target), upTo));
        boxes.with(target, box -> {
            box.reserved(row);
            return null;
        });
    }

    private void reserveAhead(Mailbox box) {
        synchronized (box) {
            long upTo = box.reserved + RESERVE_SEQS;
            try {
                var unused = boxes.change(box, handle -> store.reserve(handle, boxes.blind(box.owner), upTo))
                        .thenAccept(row -> {
                            synchronized (box) {
                                box.reserved(row);
                            }
                        });
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
