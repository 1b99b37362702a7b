// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.store.Database;
import org.handshaker.store.Expiring;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Every user's queue. Guarantees: a receipt is given only for an event that was acked or is on the disk; an event is shown
 * to its owner alone, in order, until it is acked or runs out; a sequence number is given out once.
 */
public final class Queue implements AutoCloseable {
    private static final Duration STOP_WAIT = Duration.ofSeconds(4);
    /** Until a delete for which there was no room in the line is tried again. */
    private static final Duration AGAIN = Duration.ofSeconds(1);

    /** How long things live. */
    public record Times(Duration linger, Duration signalTtl, Duration messageTtl) {}

    private final Database database;
    private final InstantSource time;
    private final Ratchet ratchet;
    private final Times times;
    private final Timer timer;
    private final QueueStore store = new QueueStore();
    private final Mailboxes boxes;
    private final Bodies bodies;
    private final Ledger ledger;
    private final Tags tags;
    private final Delivery delivery;
    private final Intake intake;
    private final Handing handing;
    private final String epoch;
    private volatile boolean stopping;

    /** @param ratchet by which bodies are sealed, and which is the queue's clock */
    public Queue(Database database, Vault vault, Ratchet ratchet, Times times, Visibility visibility, Timer timer) {
        this.database = database;
        this.time = ratchet;
        this.ratchet = ratchet;
        this.times = times;
        this.timer = timer;
        this.bodies = new Bodies(vault, ratchet);
        this.ledger = new Ledger(database, store, bodies);
        this.boxes = new Mailboxes(database, vault, store, ledger, ratchet::isWaiting);
        this.tags = new Tags(vault);
        this.delivery = new Delivery(database, time, timer, store, boxes, bodies);
        this.intake = new Intake(database, time, times, visibility, timer, store, boxes, ledger, tags, delivery);
        this.handing = new Handing(database, time, times, store, boxes, bodies, tags, delivery);
        this.epoch = database.epoch();
    }

    /** Names this life of the store; an ack with another is refused. */
    public String epoch() {
        return epoch;
    }

    /** Refuses with {@code stale_queue_epoch} an epoch that is given and is not this one. */
    public void requireEpoch(@Nullable String given) {
        if (given != null && !given.equals(epoch)) {
            throw Reason.STALE_QUEUE_EPOCH.refuse();
        }
    }

    /**
     * Takes an event in. The caller has made sure that the sender may.
     *
     * @return completes when the event is safe; exceptionally with {@link Refused} when it could not be made so
     */
    public CompletableFuture<Receipt> offer(Offer offer) {
        return offer(offer, Right.ALWAYS);
    }

    /**
     * As {@link #offer(Offer)}, for a sender who may lose the right to send at any moment.
     *
     * @param right asked while nothing can be dropped from the queue, so that a
     *     {@link #dropBetween} either is seen by it or sees the event
     */
    public CompletableFuture<Receipt> offer(Offer offer, Right right) {
        return intake.offer(offer, right);
    }

    /** The first events of a queue that fit one answer; expired ones are gone. */
    public Page page(Id owner, Wanted wanted, int eventsMax) {
        return delivery.page(owner, wanted, eventsMax);
    }

    /** As {@link #page}, but when there is nothing yet it waits for the first event or until {@code wait} is over. */
    public CompletableFuture<Page> poll(Id owner, Wanted wanted, int eventsMax, Duration wait) {
        return delivery.poll(owner, wanted, eventsMax, wait);
    }

    /** A device is there: everything pending is pushed to it, oldest first, then what comes. */
    public void connect(Id owner, Receiver receiver) {
        boxes.with(owner, box -> box.receivers.add(receiver));
        delivery.deliver(owner);
    }

    public void disconnect(Id owner, Receiver receiver) {
        boxes.with(owner, box -> box.receivers.remove(receiver));
    }

    /** @param told hears whose queue has something that nobody was there to take; must be short, and comes often */
    public void whenUnheard(Consumer<Id> told) {
        delivery.whenUnheard(told);
    }

    /** Whether a device of this user is there or waits in a poll. */
    public boolean isHeard(Id owner) {
        return boxes.with(owner, Mailbox::hasListener);
    }

    /** How many events wait. */
    public int pending(Id owner) {
        long nowSeconds = nowSeconds();
        return boxes.with(
                owner, box -> box.all(entry -> !entry.isExpired(nowSeconds)).size());
    }

    /** Bytes of events that are not on the disk, all queues together. */
    public long bytesInMemory() {
        return boxes.bytesInMemory();
    }

    public int queuesInMemory() {
        return boxes.count();
    }

    /**
     * Puts an event of the relay's own into a queue, as part of the caller's change: it is there if and only if the change is
     * committed.
     *
     * <p>Of several pending events of one kind about one subject only the newest is kept.
     */
    public void announce(Handle handle, Id target, String kind, String payload, String subject) {
        Id subjectTag = tags.subject(target, kind, subject);
        Instant expiresAt =
                Instant.ofEpochSecond(time.instant().plus(times.messageTtl()).getEpochSecond());
        record Hidden(Mailbox box, Event event, Entry entry, List<Entry> replaced) {}
        Hidden hidden = boxes.with(target, box -> {
            Event event = new Event(Id.random(), box.nextSeq++, EventClass.SYSTEM, null, kind, payload, expiresAt);
            Entry entry = new Entry(
                    event.seq(),
                    event.eventId(),
                    EventClass.SYSTEM,
                    subjectTag,
                    expiresAt.getEpochSecond(),
                    Bodies.sealedBytes(event),
                    Entry.State.HIDDEN,
                    null);
            List<Entry> replaced = box.replacedBy(subjectTag);
            box.add(entry);
            return new Hidden(box, event, entry, replaced);
        });
        List<QueueStore.QueueRow> rows = new ArrayList<>(1);
        // Before the statements below, which may fail: a hidden entry must not stay.
        database.onOutcome(isCommitted -> {
            synchronized (hidden.box) {
                if (isCommitted) {
                    hidden.box.reserved(rows.get(0));
                    hidden.entry.state = Entry.State.STORED;
                    hidden.replaced.forEach(hidden.box::remove);
                } else {
                    hidden.box.remove(hidden.entry);
                }
            }
            delivery.deliver(target);
        });
        QueueStore.QueueRow row = store.reserve(handle, boxes.blind(target), hidden.entry.seq);
        rows.add(row);
        store.insert(
                handle, row.queue(), List.of(new QueueStore.Sealed(hidden.entry, bodies.seal(target, hidden.event))));
        store.delete(handle, row.queue(), hidden.replaced);
    }

    /** Has these mailboxes read before a change that needs them all. */
    public void prepare(List<Id> owners) {
        owners.forEach(owner -> boxes.with(owner, box -> box.nextSeq));
    }

    /**
     * Puts an event into many queues, as part of the caller's change; the body lies on the disk once. A queue without room is
     * counted and passed over; {@code queue_full} only where none had any.
     */
    public FanOut offerToAll(Handle handle, GroupOffer offer) {
        requireOpen();
        return handing.toAll(handle, offer);
    }

    /**
     * Lines up a change that will {@link #offerToAll}. Until it is made its payload counts among the bodies that wait for the
     * disk, and is refused as {@code busy} where they are too many.
     */
    public <T> CompletableFuture<T> lineUp(String payload, Supplier<CompletableFuture<T>> change) {
        intake.requireMemory();
        int bytes = Bodies.utf8Length(payload);
        boxes.hold(bytes);
        CompletableFuture<T> made;
        try {
            made = change.get();
        } catch (RuntimeException refused) {
            boxes.hold(-bytes);
            throw refused;
        }
        return made.whenComplete((safe, failed) -> boxes.hold(-bytes));
    }

    /** Puts a user's event into one queue, as part of the caller's change; says whether there was room. */
    public boolean hand(Handle handle, Id sender, Username from, Id recipient, String kind, String payload) {
        requireOpen();
        return handing.toOne(handle, sender, from, recipient, kind, payload);
    }

    private void requireOpen() {
        if (stopping) {
            throw Reason.SHUTTING_DOWN.refuse();
        }
    }

    /** Takes the pending event of that kind and subject back, as part of the caller's change: what it told of is no more. */
    public void retract(Handle handle, Id target, String kind, String subject) {
        Id subjectTag = tags.subject(target, kind, subject);
        store.find(handle, boxes.blind(target)).ifPresent(row -> store.deleteFrom(handle, row.queue(), subjectTag));
        database.afterCommit(() -> {
            boxes.with(target, box -> {
                box.all(entry -> entry.senderTag.equals(subjectTag)).forEach(box::remove);
                return null;
            });
            delivery.deliver(target);
        });
    }

    /** Removes what its owner has seen, up to a sequence number. */
    public CompletableFuture<Integer> ackUpTo(Id owner, Wanted wanted, long seq) {
        return take(owner, box -> box.upTo(seq, wanted::includes));
    }

    /** Removes single events; ids that are not in this owner's queue are passed over. */
    public CompletableFuture<Integer> ack(Id owner, List<Id> eventIds) {
        return take(owner, box -> {
            List<Entry> found = new ArrayList<>();
            for (Id eventId : eventIds) {
                @Nullable Entry entry = box.find(eventId);
                if (entry != null && entry.state != Entry.State.HIDDEN && !found.contains(entry)) {
                    found.add(entry);
                }
            }
            return found;
        });
    }

    /** Removes the owner's pending signals, and nobody else's. */
    public CompletableFuture<Integer> clearSignals(Id owner) {
        return take(owner, box -> box.all(entry -> entry.eventClass == EventClass.SIGNAL));
    }

    /** Takes entries out of a queue for good; completes when none of them is on the disk any more. */
    private CompletableFuture<Integer> take(Id owner, Function<Mailbox, List<Entry>> choice) {
        record Taking(int count, @Nullable CompletableFuture<Integer> delete) {}
        List<Entry> delivered = new ArrayList<>();
        Taking taking = boxes.with(owner, box -> {
            boxes.purge(box, nowSeconds());
            List<Entry> chosen = choice.apply(box);
            List<Entry> onDisk = taken(chosen);
            // First, because it may be refused: then nothing is taken out.
            @Nullable CompletableFuture<Integer> delete = onDisk.isEmpty() ? null : ledger.delete(box, onDisk, true);
            for (Entry entry : chosen) {
                if (entry.state == Entry.State.MEMORY) {
                    delivered.add(entry);
                }
                box.remove(entry);
                boxes.release(entry);
            }
            return new Taking(chosen.size(), delete);
        });
        for (Entry entry : delivered) {
            entry.cancelLinger();
            entry.tellSafe(Receipt.Status.DELIVERED);
        }
        // The window of the sockets has moved.
        delivery.deliver(owner);
        return taking.delete == null
                ? CompletableFuture.completedFuture(taking.count)
                : taking.delete.thenApply(deleted -> taking.count);
    }

    /** Those that are on the disk or on their way there. */
    private static List<Entry> taken(List<Entry> entries) {
        List<Entry> taken = new ArrayList<>(entries.size());
        for (Entry entry : entries) {
            if (entry.isTaken) {
                taken.add(entry);
            }
        }
        return taken;
    }

    /** Both queues drop what is pending between two users, as part of the caller's change. */
    public void dropBetween(Handle handle, Id a, Id b) {
        drop(handle, a, b);
        drop(handle, b, a);
    }

    private void drop(Handle handle, Id owner, Id sender) {
        Id senderTag = tags.sender(owner, sender);
        long queueRow = boxes.with(owner, box -> box.queueRow);
        store.deleteFrom(handle, queueRow, senderTag);
        database.afterCommit(() -> {
            List<Entry> dropped = boxes.with(owner, box -> {
                List<Entry> found = box.all(entry -> entry.senderTag.equals(senderTag) && !entry.isShared);
                List<Entry> behind = found.stream()
                        .filter(entry -> entry.state == Entry.State.COMMITTING && entry.isTaken)
                        .toList();
                if (!behind.isEmpty()) {
                    deleteBehind(box, behind);
                }
                found.forEach(box::remove);
                found.forEach(boxes::release);
                return found;
            });
            disconnected(dropped);
            delivery.deliver(owner);
        });
    }

    /** Deletes rows whose insert is still under way; where there is no room in the line, a little later. */
    private void deleteBehind(Mailbox box, List<Entry> behind) {
        try {
            synchronized (box) {
                var unused = ledger.delete(box, behind, false);
            }
        } catch (Refused busy) {
            if (!stopping) {
                var unused = timer.after(AGAIN, () -> deleteBehind(box, behind));
            }
        }
    }

    /** Their senders hear that they may not send there any more, unless they have a receipt already. */
    private static void disconnected(List<Entry> entries) {
        entries.forEach(entry -> {
            entry.cancelLinger();
            entry.tellRefused(Reason.NOT_CONNECTED.refuse());
        });
    }

    /** A user is gone, and the queue with them, as part of the caller's change. */
    public void accountGone(Handle handle, Id user) {
        store.deleteQueue(handle, boxes.blind(user));
        database.afterCommit(() -> {
            record Lost(List<Entry> entries, List<Waiter> waiters) {}
            Lost lost = boxes.with(user, box -> {
                List<Entry> entries = box.all(entry -> true);
                entries.forEach(box::remove);
                entries.forEach(boxes::release);
                boxes.retire(box);
                return new Lost(entries, List.copyOf(box.waiters));
            });
            disconnected(lost.entries);
            lost.waiters.forEach(waiter -> waiter.woken().complete(null));
        });
    }

    /** Deletes a batch of what ran out, for the sweeper. */
    public int expire(Handle handle, Instant unused) {
        if (ratchet.isWaiting()) {
            // By a clock that nobody confirms nothing is deleted: it may be days ahead.
            return 0;
        }
        Instant now = time.instant();
        List<Id> owners = new ArrayList<>();
        for (Mailbox box : boxes.all()) {
            synchronized (box) {
                if (box.isLoaded && !box.isRetired && boxes.purge(box, now.getEpochSecond()) && box.hasListener()) {
                    owners.add(box.owner);
                }
            }
        }
        // The window of their sockets has moved.
        database.afterCommit(() -> owners.forEach(delivery::deliver));
        boxes.forgetIdle();
        return store.expire(handle, now, Expiring.BATCH_ROWS);
    }

    private long nowSeconds() {
        return time.instant().getEpochSecond();
    }

    /** Takes nothing more in, wakes every long-poll, and commits what is in memory, so that every receipt is given. */
    @Override
    public void close() {
        stopping = true;
        intake.stop();
        delivery.stop();
        for (Mailbox box : boxes.all()) {
            List<Entry> unsafe;
            synchronized (box) {
                unsafe = box.all(entry -> entry.state != Entry.State.STORED);
            }
            unsafe.forEach(entry -> intake.commit(box, entry));
        }
        try {
            // Last in the line: when this is told, so is every sender, and not only whoever waits first for the
            // receipt.
            boolean unused = database.freeLater(handle -> true).get(STOP_WAIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (Refused | ExecutionException | TimeoutException fullOrSlow) {
            // Whoever is still open gets no receipt and will send again.
            return;
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        } finally {
            timer.close();
        }
    }
}
