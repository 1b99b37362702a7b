// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.queue.QueueStore.Sealed;
import org.handshaker.store.Database;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Brings to the disk what mailboxes have decided in memory. However much comes for one mailbox while a commit runs, it is one
 * insert and one delete of the next: so the line of the group commit is bounded by mailboxes and not by events, and an ack
 * finds its place in it when events do not.
 *
 * <p>Everything but {@link #free} is called with the mailbox's monitor held.
 */
final class Ledger {
    private final Database database;
    private final QueueStore store;
    private final Bodies bodies;

    Ledger(Database database, QueueStore store, Bodies bodies) {
        this.database = database;
        this.store = store;
        this.bodies = bodies;
    }

    /** Entries that go to the disk together. */
    static final class Inserting {
        private final List<Sealed> lined = new ArrayList<>();
        /** What the commit thread has taken, for good; null until it has. */
        private @Nullable List<Sealed> taken;
    }

    /** Rows that leave the disk together. */
    static final class Deleting {
        private final List<Entry> entries = new ArrayList<>();
        /** Of them, those that are in the queue still when they cannot be deleted. */
        private final List<Entry> acked = new ArrayList<>();

        private @Nullable List<Entry> taken;
        private final CompletableFuture<Integer> done = new CompletableFuture<>();
    }

    /**
     * Lines an entry up. One that is gone before its turn is not written at all, and is told of with the others.
     *
     * @param told how it went, on the commit thread and without the monitor: all of them, and what was thrown
     */
    void insert(Mailbox box, Entry entry, BiConsumer<List<Entry>, @Nullable Refused> told) {
        Sealed sealed = new Sealed(entry, bodies.seal(box.owner, Objects.requireNonNull(entry.event)));
        @Nullable Inserting lined = box.inserting;
        if (lined == null) {
            Inserting inserting = new Inserting();
            long queueRow = box.queueRow;
            CompletableFuture<Boolean> done = new CompletableFuture<>();
            // Before it is lined up: the commit thread may be done with it at any moment, and this one holds the
            // monitor.
            var unused = done.whenComplete((inserted, failed) -> told.accept(end(box, inserting), refusal(failed)));
            underWay(
                    box,
                    done,
                    () -> database.writeLater(done, handle -> {
                        store.insert(handle, queueRow, taken(box, inserting));
                        return true;
                    }));
            box.inserting = inserting;
            lined = inserting;
        }
        lined.lined.add(sealed);
        entry.isLined = true;
    }

    private static List<Sealed> taken(Mailbox box, Inserting inserting) {
        synchronized (box) {
            if (inserting.taken == null) {
                List<Sealed> taken = new ArrayList<>(inserting.lined.size());
                for (Sealed each : inserting.lined) {
                    if (!each.entry().isGone) {
                        each.entry().isTaken = true;
                        taken.add(each);
                    }
                }
                inserting.taken = taken;
                box.inserting = box.inserting == inserting ? null : box.inserting;
            }
            return inserting.taken;
        }
    }

    /** No more come to it, also where it was refused before it was taken. */
    private static List<Entry> end(Mailbox box, Inserting inserting) {
        synchronized (box) {
            box.inserting = box.inserting == inserting ? null : box.inserting;
            List<Entry> entries = new ArrayList<>(inserting.lined.size());
            for (Sealed each : inserting.lined) {
                each.entry().isLined = false;
                entries.add(each.entry());
            }
            return entries;
        }
    }

    private static @Nullable Refused refusal(@Nullable Throwable failed) {
        if (failed == null) {
            return null;
        }
        return failed instanceof Refused refused ? refused : Reason.INTERNAL.refuse();
    }

    /**
     * Deletes rows of entries that are taken or stored and not in the mailbox any more.
     *
     * @param comeBack whether what could not be deleted is put into the mailbox again
     * @return completes when they are gone from the disk, or back in the mailbox
     */
    CompletableFuture<Integer> delete(Mailbox box, List<Entry> entries, boolean comeBack) {
        @Nullable Deleting lined = box.deleting;
        if (lined == null) {
            Deleting deleting = new Deleting();
            long queueRow = box.queueRow;
            CompletableFuture<Integer> made = new CompletableFuture<>();
            var unused = made.whenComplete((deleted, failed) -> end(box, deleting, deleted, failed));
            underWay(
                    box,
                    made,
                    () -> database.freeLater(made, handle -> store.delete(handle, queueRow, taken(box, deleting))));
            box.deleting = deleting;
            lined = deleting;
        }
        lined.entries.addAll(entries);
        if (comeBack) {
            lined.acked.addAll(entries);
        }
        return lined.done;
    }

    private static List<Entry> taken(Mailbox box, Deleting deleting) {
        synchronized (box) {
            if (deleting.taken == null) {
                deleting.taken = deleting.entries;
                box.deleting = box.deleting == deleting ? null : box.deleting;
            }
            return deleting.taken;
        }
    }

    private static void end(Mailbox box, Deleting deleting, @Nullable Integer deleted, @Nullable Throwable failed) {
        synchronized (box) {
            var unused = taken(box, deleting);
            if (failed != null) {
                deleting.acked.stream()
                        .filter(entry -> entry.state == Entry.State.STORED)
                        .forEach(box::add);
            }
        }
        if (failed == null) {
            deleting.done.complete(deleted);
        } else {
            deleting.done.completeExceptionally(failed);
        }
    }

    /** Lines up an addition of another kind. */
    <T> CompletableFuture<T> add(Mailbox box, Function<Handle, T> change) {
        CompletableFuture<T> done = new CompletableFuture<>();
        underWay(box, done, () -> database.writeLater(done, change));
        return done;
    }

    /** As {@link #add}, for a change that takes away. */
    <T> CompletableFuture<T> free(Mailbox box, Function<Handle, T> change) {
        CompletableFuture<T> done = new CompletableFuture<>();
        underWay(box, done, () -> database.freeLater(done, change));
        return done;
    }

    /** Until it is made, the mailbox is not read from the disk again. */
    private static void underWay(Mailbox box, CompletableFuture<?> done, Runnable lineUp) {
        var unused = done.whenComplete((result, failed) -> box.changesUnderWay.decrementAndGet());
        box.changesUnderWay.incrementAndGet();
        try {
            lineUp.run();
        } catch (Refused busy) {
            box.changesUnderWay.decrementAndGet();
            throw busy;
        }
    }
}
