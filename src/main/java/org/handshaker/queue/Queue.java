// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Vault;
import org.handshaker.store.Database;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Every user's queue. Guarantees: a receipt is given only for an event that was acked or is on the disk; an event is shown
 * to its owner alone, in order, until it is acked or runs out; a sequence number is given out once.
 */
public final class Queue implements AutoCloseable {
    /** Sequence numbers made durable at a time; a restart skips at most this many. */
    private static final int RESERVE_SEQS = 1_024;
    /** With fewer left, the next block is reserved in the background. */
    private static final int RESERVE_AHEAD_SEQS = 256;

    private static final int PUSH_BATCH = 32;
    /** Bodies held in memory, all queues together; past it every event is committed at once. */
    private static final long MEMORY_BYTES_MAX = 64L * 1_024 * 1_024;
    /** Past it nothing more is taken in. */
    private static final long COMMITTING_BYTES_MAX = 128L * 1_024 * 1_024;

    private static final Duration STOP_WAIT = Duration.ofSeconds(4);

    /** How long things live. */
    public record Times(Duration linger, Duration signalTtl, Duration messageTtl) {}

    private final Database database;
    private final Vault vault;
    private final InstantSource time;
    private final Times times;
    private final Visibility visibility;
    private final QueueStore store = new QueueStore();
    private final Mailboxes boxes;
    private final Bodies bodies;
    private final Timer timer;
    private final byte[] eventIdKey;
    private final AtomicLong bytesInMemory = new AtomicLong();
    private final String epoch;
    private volatile boolean stopping;

    public Queue(Database database, Vault vault, InstantSource time, Times times, Visibility visibility, Timer timer) {
        this.database = database;
        this.vault = vault;
        this.time = time;
        this.times = times;
        this.visibility = visibility;
        this.timer = timer;
        this.boxes = new Mailboxes(database, vault, store);
        this.bodies = new Bodies(vault);
        this.eventIdKey = vault.derive("event id");
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
        if (stopping) {
            throw Reason.SHUTTING_DOWN.refuse();
        }
        if (bytesInMemory.get() > COMMITTING_BYTES_MAX) {
            throw Reason.BUSY.refuse();
        }
        Id eventId = eventId(offer);
        Id senderTag = senderTag(offer.target(), offer.sender());
        Instant expiresAt =
                Instant.ofEpochSecond(time.instant().plus(ttl(offer)).getEpochSecond());
        boolean maySee = visibility.maySee(offer.sender(), offer.target());
        while (true) {
            Taken taken = boxes.with(offer.target(), box -> take(box, offer, eventId, senderTag, expiresAt, maySee));
            @Nullable Entry entry = taken.entry;
            if (entry == null) {
                reserve(offer.target());
                continue;
            }
            if (taken.isNew) {
                begin(offer.target(), entry, taken);
            }
            return entry.receipt;
        }
    }

    /** What became of an offer under the mailbox's monitor; no entry when sequence numbers must be reserved first. */
    private record Taken(@Nullable Entry entry, boolean isNew, boolean lingers, boolean mustReserveAhead) {}

    private Taken take(Mailbox box, Offer offer, Id eventId, Id senderTag, Instant expiresAt, boolean maySee) {
        purge(box);
        @Nullable Entry earlier = box.find(eventId);
        if (earlier != null) {
            return new Taken(earlier, false, false, false);
        }
        if (box.nextSeq > box.reserved) {
            return new Taken(null, false, false, false);
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
        // An event that would run out before its linger ends is committed at once.
        boolean mayLinger = maySee
                && !times.linger().isZero()
                && box.hasListener()
                && bytesInMemory.get() < MEMORY_BYTES_MAX
                && time.instant().plus(times.linger()).isBefore(expiresAt);
        Entry entry = new Entry(
                event.seq(),
                eventId,
                event.eventClass(),
                senderTag,
                expiresAt.getEpochSecond(),
                bytes,
                mayLinger ? Entry.State.MEMORY : Entry.State.COMMITTING,
                event);
        if (!mayLinger) {
            submitInsert(box, entry);
        }
        bytesInMemory.addAndGet(bytes);
        box.add(entry);
        return new Taken(entry, true, mayLinger, box.reserved - box.nextSeq == RESERVE_AHEAD_SEQS);
    }

    private void begin(Id target, Entry entry, Taken taken) {
        if (taken.lingers()) {
            entry.linger = timer.after(times.linger(), () -> commit(target, entry));
        }
        if (taken.mustReserveAhead()) {
            reserveAhead(target);
        }
        deliver(target);
    }

    /** The linger is over, or the relay stops: what was in memory goes to the disk. */
    private void commit(Id target, Entry entry) {
        try {
            boxes.with(target, box -> {
                if (!entry.isGone && entry.state == Entry.State.MEMORY) {
                    entry.state = Entry.State.COMMITTING;
                    submitInsert(box, entry);
                }
                return null;
            });
        } catch (Refused refused) {
            giveUp(target, entry, refused);
        }
    }

    /**
     * Lines the insert up while the mailbox's monitor is held: whoever takes the entry out afterwards lines its delete up
     * behind it.
     */
    private void submitInsert(Mailbox box, Entry entry) {
        Event event = java.util.Objects.requireNonNull(entry.event);
        byte[] body = bodies.seal(box.owner, event);
        long queueRow = box.queueRow;
        var unused = database.writeLater(handle -> {
                    store.insert(handle, queueRow, entry, body);
                    return true;
                })
                .whenComplete((stored, failed) -> {
                    if (failed == null) {
                        stored(box.owner, entry);
                    } else {
                        giveUp(box.owner, entry, refusal(failed));
                    }
                });
    }

    private void stored(Id target, Entry entry) {
        boxes.with(target, box -> {
            entry.state = Entry.State.STORED;
            release(entry);
            return null;
        });
        entry.receipt.complete(
                new Receipt(entry.eventId, Receipt.Status.STORED, Instant.ofEpochSecond(entry.expiresAtSeconds)));
    }

    private void giveUp(Id target, Entry entry, Refused refused) {
        boxes.with(target, box -> {
            box.remove(entry);
            release(entry);
            return null;
        });
        entry.receipt.completeExceptionally(refused);
    }

    private static Refused refusal(Throwable failed) {
        @Nullable
        Throwable cause = failed instanceof java.util.concurrent.CompletionException ? failed.getCause() : failed;
        return cause instanceof Refused refused ? refused : Reason.INTERNAL.refuse();
    }

    /** Lets go of the body in memory; with the mailbox's monitor held, and once per entry. */
    private void release(Entry entry) {
        if (entry.event != null) {
            entry.event = null;
            bytesInMemory.addAndGet(-entry.bytes);
        }
    }

    /** Makes the next block of sequence numbers durable and waits for it; the first event of a queue needs it. */
    private void reserve(Id target) {
        long from = boxes.with(target, box -> box.nextSeq);
        QueueStore.QueueRow row =
                database.write(handle -> store.reserve(handle, boxes.blind(target), from + RESERVE_SEQS));
        reserved(target, row);
    }

    private void reserveAhead(Id target) {
        long upTo = boxes.with(target, box -> box.reserved + RESERVE_SEQS);
        try {
            var unused = database.writeLater(handle -> store.reserve(handle, boxes.blind(target), upTo))
                    .thenAccept(row -> reserved(target, row));
        } catch (Refused busy) {
            // Nothing is lost: whoever needs the next number reserves it then.
            return;
        }
    }

    private void reserved(Id target, QueueStore.QueueRow row) {
        boxes.with(target, box -> {
            box.queueRow = row.queue();
            box.reserved = Math.max(box.reserved, row.reserved());
            return null;
        });
    }

    /**
     * Puts an event of the relay's own into a queue, as part of the caller's change: it is there if and only if the change is
     * committed.
     *
     * <p>Of several pending events of one kind and payload only the newest is kept.
     */
    public void announce(Handle handle, Id target, String kind, String payload, String subject) {
        Id subjectTag = hmacId(Vault.lengthPrefixed("subject", target.bytes(), utf8(kind), utf8(subject)));
        Instant expiresAt =
                Instant.ofEpochSecond(time.instant().plus(times.messageTtl()).getEpochSecond());
        List<Entry> replaced = new ArrayList<>();
        List<Event> events = new ArrayList<>(1);
        Entry entry = boxes.with(target, box -> {
            Event event = new Event(Id.random(), box.nextSeq++, EventClass.SYSTEM, null, kind, payload, expiresAt);
            Entry hidden = new Entry(
                    event.seq(),
                    event.eventId(),
                    EventClass.SYSTEM,
                    subjectTag,
                    expiresAt.getEpochSecond(),
                    Bodies.sealedBytes(event),
                    Entry.State.HIDDEN,
                    null);
            replaced.addAll(box.replacedBy(subjectTag));
            box.add(hidden);
            events.add(event);
            return hidden;
        });
        List<QueueStore.QueueRow> rows = new ArrayList<>(1);
        // Before the statements below, which may fail: a hidden entry must not stay.
        database.onOutcome(isCommitted -> announced(target, rows, entry, replaced, isCommitted));
        QueueStore.QueueRow row = store.reserve(handle, boxes.blind(target), entry.seq);
        rows.add(row);
        store.insert(handle, row.queue(), entry, bodies.seal(target, events.get(0)));
        store.delete(handle, row.queue(), replaced.stream().map(old -> old.seq).toList());
    }

    private void announced(
            Id target, List<QueueStore.QueueRow> rows, Entry entry, List<Entry> replaced, boolean isCommitted) {
        boxes.with(target, box -> {
            if (isCommitted) {
                QueueStore.QueueRow row = rows.get(0);
                box.queueRow = row.queue();
                box.reserved = Math.max(box.reserved, row.reserved());
                entry.state = Entry.State.STORED;
                replaced.forEach(box::remove);
            } else {
                box.remove(entry);
            }
            return null;
        });
        deliver(target);
    }

    /** The first events of a queue that fit one answer; expired ones are gone. */
    public Page page(Id owner, Wanted wanted, int eventsMax) {
        long nowSeconds = nowSeconds();
        List<Entry> first = boxes.with(owner, box -> {
            purge(box);
            return box.first(eventsMax + 1, nowSeconds, wanted::includes);
        });
        List<Event> events = new ArrayList<>();
        int bytes = 0;
        boolean more = first.size() > eventsMax;
        for (Event event : load(owner, first.subList(0, Math.min(first.size(), eventsMax)))) {
            bytes += event.jsonBytesMax();
            if (!events.isEmpty() && bytes > Limits.ANSWER_BYTES_MAX - 512) {
                more = true;
                break;
            }
            events.add(event);
        }
        return new Page(events, boxes.with(owner, box -> box.expired), more);
    }

    /** As {@link #page}, but when there is nothing yet it waits for the first event or until {@code wait} is over. */
    public CompletableFuture<Page> poll(Id owner, Wanted wanted, int eventsMax, Duration wait) {
        Page now = page(owner, wanted, eventsMax);
        if (!now.events().isEmpty() || wait.isZero() || stopping) {
            return CompletableFuture.completedFuture(now);
        }
        Waiter waiter = new Waiter(wanted, new CompletableFuture<>());
        @Nullable
        Waiter crowdedOut = boxes.with(owner, box -> {
            if (!box.first(1, nowSeconds(), wanted::includes).isEmpty()) {
                waiter.woken().complete(null);
                return null;
            }
            box.waiters.add(waiter);
            return box.waiters.size() > Limits.WAITERS_PER_USER_MAX ? box.waiters.remove(0) : null;
        });
        if (crowdedOut != null) {
            crowdedOut.woken().complete(null);
        }
        Timer.Alarm alarm = timer.after(wait, () -> waiter.woken().complete(null));
        return waiter.woken().thenApply(woken -> {
            alarm.cancel();
            boxes.with(owner, box -> box.waiters.remove(waiter));
            return page(owner, wanted, eventsMax);
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
        return take(owner, box -> box.shown(entry -> entry.eventClass == EventClass.SIGNAL));
    }

    private interface Choice {
        List<Entry> of(Mailbox box);
    }

    /** Takes entries out of a queue for good; completes when none of them is on the disk any more. */
    private CompletableFuture<Integer> take(Id owner, Choice choice) {
        List<Entry> delivered = new ArrayList<>();
        List<Long> onDisk = new ArrayList<>();
        record Taking(int count, long queueRow) {}
        Taking taking = boxes.with(owner, box -> {
            purge(box);
            List<Entry> chosen = choice.of(box);
            for (Entry entry : chosen) {
                if (entry.state == Entry.State.MEMORY) {
                    delivered.add(entry);
                    release(entry);
                } else {
                    onDisk.add(entry.seq);
                }
                box.remove(entry);
            }
            return new Taking(chosen.size(), box.queueRow);
        });
        for (Entry entry : delivered) {
            entry.cancelLinger();
            entry.receipt.complete(new Receipt(
                    entry.eventId, Receipt.Status.DELIVERED, Instant.ofEpochSecond(entry.expiresAtSeconds)));
        }
        // The window of the sockets has moved.
        deliver(owner);
        if (onDisk.isEmpty()) {
            return CompletableFuture.completedFuture(taking.count());
        }
        // A row whose insert is still queued is deleted after it, since changes are made in the order of their arrival.
        return database.writeLater(handle -> store.delete(handle, taking.queueRow(), onDisk))
                .thenApply(deleted -> taking.count());
    }

    /** Both queues drop what is pending between two users, as part of the caller's change. */
    public void dropBetween(Handle handle, Id a, Id b) {
        drop(handle, a, b);
        drop(handle, b, a);
    }

    private void drop(Handle handle, Id owner, Id sender) {
        Id senderTag = senderTag(owner, sender);
        long queueRow = boxes.with(owner, box -> box.queueRow);
        store.deleteFrom(handle, queueRow, senderTag);
        database.afterCommit(() -> {
            List<Entry> dropped = removeAll(
                    owner, entry -> entry.senderTag.equals(senderTag) && entry.eventClass != EventClass.SYSTEM);
            for (Entry entry : dropped) {
                entry.receipt.completeExceptionally(Reason.NOT_CONNECTED.refuse());
            }
        });
    }

    /** Takes matching entries out of memory and, where their insert was still under way, off the disk behind it. */
    private List<Entry> removeAll(Id owner, Predicate<Entry> which) {
        List<Long> behind = new ArrayList<>();
        record Removed(List<Entry> entries, long queueRow) {}
        Removed removed = boxes.with(owner, box -> {
            List<Entry> found = box.shown(which);
            for (Entry entry : found) {
                if (entry.state == Entry.State.COMMITTING) {
                    behind.add(entry.seq);
                } else {
                    release(entry);
                }
                box.remove(entry);
            }
            return new Removed(found, box.queueRow);
        });
        if (!behind.isEmpty()) {
            var unused = database.writeLater(handle -> store.delete(handle, removed.queueRow(), behind));
        }
        return removed.entries();
    }

    /** A user is gone, and the queue with them, as part of the caller's change. */
    public void accountGone(Handle handle, Id user) {
        store.deleteQueue(handle, boxes.blind(user));
        database.afterCommit(() -> {
            List<Entry> lost = removeAll(user, entry -> true);
            lost.forEach(entry -> entry.receipt.completeExceptionally(Reason.NOT_CONNECTED.refuse()));
            List<Waiter> waiting = boxes.with(user, box -> {
                boxes.retire(box);
                return List.copyOf(box.waiters);
            });
            waiting.forEach(waiter -> waiter.woken().complete(null));
        });
    }

    /** A device is there: everything pending is pushed to it, oldest first, then what comes. */
    public void connect(Id owner, Receiver receiver) {
        boxes.with(owner, box -> box.receivers.add(receiver));
        deliver(owner);
    }

    public void disconnect(Id owner, Receiver receiver) {
        boxes.with(owner, box -> box.receivers.remove(receiver));
    }

    /** How many events wait. */
    public int pending(Id owner) {
        long nowSeconds = nowSeconds();
        return boxes.with(
                owner, box -> box.shown(entry -> !entry.isExpired(nowSeconds)).size());
    }

    /** Bytes of events that are not on the disk, all queues together. */
    public long bytesInMemory() {
        return bytesInMemory.get();
    }

    public int queuesInMemory() {
        return boxes.count();
    }

    private void deliver(Id owner) {
        record Listening(List<Receiver> receivers, List<Waiter> waiters) {}
        Listening listening = boxes.with(owner, box -> {
            if (!box.hasListener()) {
                return new Listening(List.of(), List.of());
            }
            List<Waiter> woken = new ArrayList<>();
            for (Waiter waiter : box.waiters) {
                if (!box.first(1, nowSeconds(), waiter.wanted()::includes).isEmpty()) {
                    woken.add(waiter);
                }
            }
            return new Listening(List.copyOf(box.receivers), woken);
        });
        listening.receivers().forEach(receiver -> pump(owner, receiver));
        listening.waiters().forEach(waiter -> waiter.woken().complete(null));
    }

    /** Pushes what a receiver has room for. One thread at a time; whoever comes meanwhile leaves a note and goes. */
    private void pump(Id owner, Receiver receiver) {
        receiver.hasMore = true;
        while (receiver.hasMore && receiver.isPumping.compareAndSet(false, true)) {
            try {
                receiver.hasMore = false;
                pushAll(owner, receiver);
            } finally {
                receiver.isPumping.set(false);
            }
        }
    }

    private void pushAll(Id owner, Receiver receiver) {
        while (true) {
            List<Entry> next = boxes.with(
                    owner,
                    box -> box.receivers.contains(receiver)
                            ? box.nextFor(receiver, PUSH_BATCH, nowSeconds())
                            : List.<Entry>of());
            if (next.isEmpty()) {
                return;
            }
            load(owner, next).forEach(receiver::push);
        }
    }

    /** The events of entries, from memory or the disk; one that was acked meanwhile is left out. */
    private List<Event> load(Id owner, List<Entry> entries) {
        if (entries.isEmpty()) {
            return List.of();
        }
        @Nullable Event[] events = new @Nullable Event[entries.size()];
        long queueRow = boxes.with(owner, box -> {
            for (int i = 0; i < events.length; i++) {
                events[i] = entries.get(i).event;
            }
            return box.queueRow;
        });
        long from = Long.MAX_VALUE;
        long to = 0;
        for (int i = 0; i < events.length; i++) {
            if (events[i] == null) {
                from = Math.min(from, entries.get(i).seq);
                to = entries.get(i).seq;
            }
        }
        if (to > 0) {
            readInto(events, owner, entries, queueRow, from, to);
        }
        List<Event> loaded = new ArrayList<>(events.length);
        for (@Nullable Event event : events) {
            if (event != null) {
                loaded.add(event);
            }
        }
        return loaded;
    }

    private void readInto(@Nullable Event[] events, Id owner, List<Entry> entries, long queueRow, long from, long to) {
        List<QueueStore.SealedEvent> rows = database.read(handle -> store.bodies(handle, queueRow, from, to));
        int row = 0;
        for (int i = 0; i < events.length; i++) {
            long seq = entries.get(i).seq;
            while (row < rows.size() && rows.get(row).seq() < seq) {
                row++;
            }
            if (events[i] == null && row < rows.size() && rows.get(row).seq() == seq) {
                events[i] = bodies.open(owner, rows.get(row));
            }
        }
    }

    /** Takes expired entries out of memory; their rows are the sweeper's, and nobody sees them any more. */
    private void purge(Mailbox box) {
        List<Entry> ranOut = box.expired(nowSeconds());
        if (ranOut.isEmpty()) {
            return;
        }
        List<Long> onDisk = new ArrayList<>();
        int neverOnDisk = 0;
        for (Entry entry : ranOut) {
            if (entry.state == Entry.State.MEMORY) {
                neverOnDisk++;
                release(entry);
                entry.receipt.completeExceptionally(Reason.NOT_CONNECTED.refuse());
            } else {
                onDisk.add(entry.seq);
            }
            box.remove(entry);
        }
        box.expired += ranOut.size();
        int inMemory = neverOnDisk;
        long queueRow = box.queueRow;
        try {
            var unused = database.writeLater(handle -> {
                int deleted = store.delete(handle, queueRow, onDisk);
                return store.addExpired(handle, queueRow, deleted + inMemory);
            });
        } catch (Refused busy) {
            // The rows stay invisible, because they ran out, and the sweeper deletes and counts them.
            return;
        }
    }

    /** Deletes a batch of what ran out, for the sweeper. */
    public int expire(Handle handle, Instant now) {
        for (Mailbox box : boxes.all()) {
            synchronized (box) {
                if (box.isLoaded && !box.isRetired) {
                    purge(box);
                }
            }
        }
        boxes.forgetIdle();
        return store.expire(handle, now, org.handshaker.store.Expiring.BATCH_ROWS);
    }

    private Duration ttl(Offer offer) {
        Duration longest = offer.kind().eventClass() == EventClass.SIGNAL ? times.signalTtl() : times.messageTtl();
        @Nullable Duration asked = offer.ttl();
        return asked == null || asked.compareTo(longest) > 0 ? longest : asked;
    }

    private Id eventId(Offer offer) {
        if (offer.clientId() == null) {
            return Id.random();
        }
        return hmacId(Vault.lengthPrefixed(
                "event", offer.sender().bytes(), offer.target().bytes(), utf8(offer.clientId())));
    }

    private Id hmacId(byte[] message) {
        return Id.of(java.util.Arrays.copyOf(Vault.hmac(eventIdKey, message), Id.BYTES));
    }

    private Id senderTag(Id owner, Id sender) {
        return Id.of(java.util.Arrays.copyOf(vault.blind("sender tag", owner.bytes(), sender.bytes()), Id.BYTES));
    }

    private long nowSeconds() {
        return time.instant().getEpochSecond();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    /** Takes nothing more in, wakes every long-poll, and commits what is in memory, so that every receipt is given. */
    @Override
    public void close() {
        stopping = true;
        List<CompletableFuture<Receipt>> open = new ArrayList<>();
        for (Mailbox box : boxes.all()) {
            List<Entry> inMemory;
            List<Waiter> waiting;
            synchronized (box) {
                inMemory = box.inMemory();
                waiting = List.copyOf(box.waiters);
            }
            inMemory.forEach(entry -> {
                commit(box.owner, entry);
                open.add(entry.receipt);
            });
            waiting.forEach(waiter -> waiter.woken().complete(null));
        }
        CompletableFuture<Void> all = CompletableFuture.allOf(open.toArray(CompletableFuture[]::new));
        try {
            all.get(STOP_WAIT.toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS);
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException refusedOrSlow) {
            // Whoever was refused has been told; whoever is still open gets no receipt and will send again.
            timer.close();
            return;
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
        timer.close();
    }
}
