// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.store.Database;
import org.jspecify.annotations.Nullable;

/** The way of events to their owner: pushed to sockets within their window, or read by polls that may wait. */
final class Delivery {
    private static final int PUSH_BATCH = 32;
    /** After a read that failed; what was not pushed is still there. */
    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final Database database;
    private final InstantSource time;
    private final Timer timer;
    private final QueueStore store;
    private final Mailboxes boxes;
    private final Bodies bodies;
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile boolean stopping;
    private volatile Consumer<Id> whenUnheard = owner -> {};

    Delivery(Database database, InstantSource time, Timer timer, QueueStore store, Mailboxes boxes, Bodies bodies) {
        this.database = database;
        this.time = time;
        this.timer = timer;
        this.store = store;
        this.boxes = boxes;
        this.bodies = bodies;
    }

    /** See {@link Queue#whenUnheard}. */
    void whenUnheard(Consumer<Id> told) {
        whenUnheard = told;
    }

    /** Nobody waits any more. */
    void stop() {
        stopping = true;
        for (Mailbox box : boxes.all()) {
            List<Waiter> waiting;
            synchronized (box) {
                waiting = List.copyOf(box.waiters);
            }
            waiting.forEach(waiter -> waiter.woken().complete(null));
        }
    }

    /** See {@link Queue#page}. */
    Page page(Id owner, Wanted wanted, int eventsMax) {
        long nowSeconds = nowSeconds();
        record Found(boolean isPurged, List<Entry> first) {}
        Found found = boxes.with(owner, box -> {
            boolean isPurged = boxes.purge(box, nowSeconds);
            return new Found(isPurged, box.first(eventsMax + 1, nowSeconds, wanted::includes));
        });
        if (found.isPurged) {
            // The window of the sockets has moved.
            deliver(owner);
        }
        List<Entry> first = found.first;
        List<Entry> fitting = first.subList(0, fitting(first, eventsMax));
        boolean more = fitting.size() < first.size();
        List<Event> events = new ArrayList<>();
        int bytes = 0;
        for (Event event : load(owner, fitting)) {
            bytes += event.jsonBytesMax();
            if (!events.isEmpty() && bytes > Limits.ANSWER_BYTES_MAX - 512) {
                more = true;
                break;
            }
            events.add(event);
        }
        return new Page(events, boxes.with(owner, box -> box.expired), more);
    }

    /** How many of them can be in one answer: no event is smaller there than it is sealed, so the rest need not be read. */
    private static int fitting(List<Entry> entries, int eventsMax) {
        int count = 0;
        long bytes = 0;
        for (Entry entry : entries) {
            bytes += entry.bytes;
            if (count == eventsMax || (count > 0 && bytes > Limits.ANSWER_BYTES_MAX)) {
                break;
            }
            count++;
        }
        return count;
    }

    /** See {@link Queue#poll}. */
    CompletableFuture<Page> poll(Id owner, Wanted wanted, int eventsMax, Duration wait) {
        Page now = page(owner, wanted, eventsMax);
        if (!now.events().isEmpty() || wait.isZero()) {
            return CompletableFuture.completedFuture(now);
        }
        if (waiting.incrementAndGet() > Limits.WAITERS_MAX) {
            waiting.decrementAndGet();
            throw Reason.BUSY.refuse();
        }
        Waiter waiter = new Waiter(wanted, new CompletableFuture<>());
        @Nullable
        Waiter crowdedOut = boxes.with(owner, box -> {
            if (stopping || !box.first(1, nowSeconds(), wanted::includes).isEmpty()) {
                return waiter;
            }
            box.waiters.add(waiter);
            return box.waiters.size() > Limits.WAITERS_PER_USER_MAX ? box.waiters.remove(0) : null;
        });
        if (crowdedOut != null) {
            crowdedOut.woken().complete(null);
        }
        Timer.Alarm alarm = timer.after(wait, () -> waiter.woken().complete(null));
        return waiter.woken().thenApply(woken -> {
            waiting.decrementAndGet();
            alarm.cancel();
            boxes.with(owner, box -> box.waiters.remove(waiter));
            return page(owner, wanted, eventsMax);
        });
    }

    /** Somebody may have something to see: a new event, or room in a window. */
    void deliver(Id owner) {
        record Listening(List<Receiver> receivers, List<Waiter> waiters, boolean isUnheard) {}
        Listening listening = boxes.with(owner, box -> {
            if (!box.hasListener()) {
                return new Listening(List.of(), List.of(), box.isPending());
            }
            List<Waiter> woken = new ArrayList<>();
            for (Waiter waiter : box.waiters) {
                if (!box.first(1, nowSeconds(), waiter.wanted()::includes).isEmpty()) {
                    woken.add(waiter);
                }
            }
            return new Listening(List.copyOf(box.receivers), woken, false);
        });
        if (listening.isUnheard()) {
            whenUnheard.accept(owner);
        }
        for (Receiver receiver : listening.receivers()) {
            if (receiver.isDue.compareAndSet(false, true)) {
                receiver.soon(() -> {
                    receiver.isDue.set(false);
                    pump(owner, receiver);
                });
            }
        }
        listening.waiters().forEach(waiter -> waiter.woken().complete(null));
    }

    /** Pushes what a receiver has room for. One thread at a time; whoever comes meanwhile leaves a note and goes. */
    private void pump(Id owner, Receiver receiver) {
        receiver.hasMore = true;
        while (receiver.hasMore && receiver.isPumping.compareAndSet(false, true)) {
            try {
                receiver.hasMore = false;
                pushAll(owner, receiver);
            } catch (RuntimeException unreadable) {
                // This thread came with somebody else's event or ack, whose failure this is not.
                if (!stopping) {
                    var unused = timer.after(AGAIN, () -> pump(owner, receiver));
                }
                return;
            } finally {
                receiver.isPumping.set(false);
            }
        }
    }

    private void pushAll(Id owner, Receiver receiver) {
        int pushed;
        do {
            Shown next = boxes.with(owner, box -> {
                Shown shown = new Shown(
                        box,
                        box.receivers.contains(receiver)
                                ? box.nextFor(receiver, PUSH_BATCH, nowSeconds())
                                : List.<Entry>of());
                if (!shown.isRead()) {
                    // What is still to be read is not passed yet: what cannot be read comes again.
                    return shown;
                }
                box.advance(receiver, shown.entries);
                return shown;
            });
            if (!next.isRead()) {
                read(owner, next);
                boxes.with(owner, box -> {
                    box.advance(receiver, next.entries);
                    return null;
                });
            }
            for (@Nullable Event event : next.events) {
                if (event != null) {
                    receiver.push(event);
                }
            }
            pushed = next.entries.size();
            // Whoever brings more meanwhile leaves a note.
        } while (pushed == PUSH_BATCH);
    }

    /** The events of entries, from memory or the disk; one that was acked meanwhile, or whose hour is over, is left out. */
    private List<Event> load(Id owner, List<Entry> entries) {
        if (entries.isEmpty()) {
            return List.of();
        }
        Shown shown = boxes.with(owner, box -> new Shown(box, entries));
        read(owner, shown);
        List<Event> loaded = new ArrayList<>(entries.size());
        for (@Nullable Event event : shown.events) {
            if (event != null) {
                loaded.add(event);
            }
        }
        return loaded;
    }

    /** Entries with those of their events that are in memory; made with the mailbox's monitor held. */
    private static final class Shown {
        final List<Entry> entries;
        final @Nullable Event[] events;
        private final long queueRow;

        Shown(Mailbox box, List<Entry> entries) {
            this.entries = entries;
            this.queueRow = box.queueRow;
            this.events = new @Nullable Event[entries.size()];
            for (int i = 0; i < events.length; i++) {
                Entry entry = entries.get(i);
                events[i] = entry.event != null ? entry.event : entry.shown;
            }
        }

        /** Nothing is to be read from the disk. */
        boolean isRead() {
            for (@Nullable Event event : events) {
                if (event == null) {
                    return false;
                }
            }
            return true;
        }
    }

    private void read(Id owner, Shown shown) {
        List<Long> onDisk = new ArrayList<>();
        for (int i = 0; i < shown.events.length; i++) {
            if (shown.events[i] == null) {
                onDisk.add(shown.entries.get(i).seq);
            }
        }
        if (onDisk.isEmpty()) {
            return;
        }
        Map<Long, QueueStore.SealedEvent> rows = new HashMap<>();
        long first = onDisk.get(0);
        long last = onDisk.get(onDisk.size() - 1);
        database.read(handle -> store.bodies(handle, shown.queueRow, first, last))
                .forEach(row -> rows.put(row.seq(), row));
        for (int i = 0; i < shown.events.length; i++) {
            QueueStore.@Nullable SealedEvent row = rows.get(shown.entries.get(i).seq);
            if (shown.events[i] == null && row != null) {
                shown.events[i] = bodies.open(owner, row);
            }
        }
    }

    private long nowSeconds() {
        return time.instant().getEpochSecond();
    }
}
