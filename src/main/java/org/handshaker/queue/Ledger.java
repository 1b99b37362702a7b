// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
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
        private final List<Entry> lined = new ArrayList<>();
        /** What the commit thread has taken, for good; null until it has. */
        private @Nullable List<Entry> taken;
    }

    /** Rows that leave the disk together. */
    static final class Deleting {
        private final List<Long> seqs = new ArrayList<>();
        private @Nullable List<Long> taken;
        private CompletableFuture<Integer> done = new CompletableFuture<>();
    }

    /**
     * Lines an entry up. One that is gone before its turn is not written at all, and is told of with the others.
     *
     * @param told how it went, on the commit thread and without the monitor: all of them, and what was thrown
     */
    void insert(Mailbox box, Entry entry, BiConsumer<List<Entry>, @Nullable Refused> told) {
        entry.sealed = bodies.seal(box.owner, Objects.requireNonNull(entry.event));
        if (box.inserting == null) {
            Inserting inserting = new Inserting();
            long queueRow = box.queueRow;
            var unused = underWay(box, database.writeLater(handle -> {
                        for (Entry each : taken(box, inserting)) {
                            store.insert(handle, queueRow, each, Objects.requireNonNull(each.sealed));
                        }
                        return true;
                    }))
                    .whenComplete((inserted, failed) -> told.accept(inserting.lined, refusal(box, inserting, failed)));
            box.inserting = inserting;
        }
        box.inserting.lined.add(entry);
    }

    private static List<Entry> taken(Mailbox box, Inserting inserting) {
        synchronized (box) {
            if (inserting.taken == null) {
                inserting.taken =
                        inserting.lined.stream().filter(entry -> !entry.isGone).toList();
                inserting.taken.forEach(entry -> entry.isTaken = true);
                box.inserting = box.inserting == inserting ? null : box.inserting;
            }
            return inserting.taken;
        }
    }

    private static @Nullable Refused refusal(Mailbox box, Inserting inserting, @Nullable Throwable failed) {
        if (failed == null) {
            return null;
        }
        synchronized (box) {
            // It may have been refused before it was taken.
            box.inserting = box.inserting == inserting ? null : box.inserting;
        }
        @Nullable Throwable cause = failed instanceof CompletionException ? failed.getCause() : failed;
        return cause instanceof Refused refused ? refused : Reason.INTERNAL.refuse();
    }

    /** Deletes rows of entries that are taken or stored; completes when they are gone from the disk. */
    CompletableFuture<Integer> delete(Mailbox box, List<Long> seqs) {
        if (box.deleting == null) {
            Deleting deleting = new Deleting();
            long queueRow = box.queueRow;
            deleting.done = underWay(
                            box, database.freeLater(handle -> store.delete(handle, queueRow, taken(box, deleting))))
                    .whenComplete((deleted, failed) -> {
                        if (failed != null) {
                            taken(box, deleting);
                        }
                    });
            box.deleting = deleting;
        }
        box.deleting.seqs.addAll(seqs);
        return box.deleting.done;
    }

    private static List<Long> taken(Mailbox box, Deleting deleting) {
        synchronized (box) {
            if (deleting.taken == null) {
                deleting.taken = deleting.seqs;
                box.deleting = box.deleting == deleting ? null : box.deleting;
            }
            return deleting.taken;
        }
    }

    /** Lines up an addition of another kind. */
    <T> CompletableFuture<T> add(Mailbox box, Function<Handle, T> change) {
        return underWay(box, database.writeLater(change));
    }

    /** As {@link #add}, for a change that takes away. */
    <T> CompletableFuture<T> free(Mailbox box, Function<Handle, T> change) {
        return underWay(box, database.freeLater(change));
    }

    /** Until it is made, the mailbox is not read from the disk again. */
    private static <T> CompletableFuture<T> underWay(Mailbox box, CompletableFuture<T> change) {
        box.changesUnderWay.incrementAndGet();
        return change.whenComplete((result, failed) -> box.changesUnderWay.decrementAndGet());
    }
}
