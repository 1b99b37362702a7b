// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Vault;
import org.handshaker.store.Database;
import org.jspecify.annotations.Nullable;

/**
 * The mailboxes in memory: read from the disk when first needed, forgotten when idle. Work on a mailbox happens in
 * {@link #with}, under its monitor; nothing in there may wait for a commit.
 */
final class Mailboxes {
    /** Above this many, idle ones are forgotten at once rather than at the next sweep. */
    private static final int MAILBOXES_MAX = 100_000;
    /** How many more may come until the next look for idle ones. */
    private static final int MAILBOXES_STEP = 1_000;

    private final Database database;
    private final Vault vault;
    private final QueueStore store;
    private final Ledger ledger;
    /** Whether the time is in doubt: then nothing is deleted by it. */
    private final BooleanSupplier isTimeDoubtful;

    private final Map<Id, Mailbox> boxes = new ConcurrentHashMap<>();
    private final AtomicLong bytesInMemory = new AtomicLong();
    private volatile int crowded = MAILBOXES_MAX;

    Mailboxes(Database database, Vault vault, QueueStore store, Ledger ledger, BooleanSupplier isTimeDoubtful) {
        this.database = database;
        this.vault = vault;
        this.store = store;
        this.ledger = ledger;
        this.isTimeDoubtful = isTimeDoubtful;
    }

    <T extends @Nullable Object> T with(Id owner, Function<Mailbox, T> work) {
        if (boxes.size() > crowded) {
            forgetIdle();
            crowded = Math.max(MAILBOXES_MAX, boxes.size() + MAILBOXES_STEP);
        }
        while (true) {
            @Nullable Mailbox known = boxes.get(owner);
            Mailbox box = known == null ? boxes.computeIfAbsent(owner, Mailbox::new) : known;
            synchronized (box) {
                if (!box.isRetired) {
                    box.isTouched = true;
                    load(box);
                    return work.apply(box);
                }
            }
        }
    }

    private void load(Mailbox box) {
        if (box.isLoaded) {
            return;
        }
        byte[] owner = blind(box.owner);
        record Stored(Optional<QueueStore.QueueRow> row, List<Entry> entries) {}
        // One snapshot: a sweep between the total and the rows would lose count.
        Stored stored = database.read(reader -> reader.inTransaction(handle -> {
            Optional<QueueStore.QueueRow> row = store.find(handle, owner);
            return new Stored(
                    row, row.map(found -> store.entries(handle, found.queue())).orElse(List.of()));
        }));
        stored.row.ifPresent(found -> {
            box.queueRow = found.queue();
            box.reserved = found.reserved();
            box.expired = found.expired();
        });
        stored.entries.forEach(box::add);
        box.nextSeq = box.reserved + 1;
        box.isLoaded = true;
    }

    /** The queue row's owner column. */
    byte[] blind(Id owner) {
        return vault.blind("queue", owner.bytes());
    }

    int count() {
        return boxes.size();
    }

    Iterable<Mailbox> all() {
        return boxes.values();
    }

    /** Holds an event in memory until {@link #release}; with the monitor held. */
    void hold(Mailbox box, Entry entry) {
        entry.isHeld = true;
        bytesInMemory.addAndGet(entry.bytes);
        box.add(entry);
    }

    /**
     * Lets go of the event; with the monitor held, and harmless when done before. Its body counts for as long as it waits for
     * the disk: else two who send and ack at once could have any number of them kept there.
     */
    void release(Entry entry) {
        entry.event = null;
        if (entry.isHeld && !entry.isLined) {
            entry.isHeld = false;
            bytesInMemory.addAndGet(-entry.bytes);
        }
    }

    /** Counts a body that waits for the disk and is in no mailbox yet; less than nothing when it does not wait any more. */
    void hold(int bytes) {
        bytesInMemory.addAndGet(bytes);
    }

    /** Bodies in memory, all mailboxes together. */
    long bytesInMemory() {
        return bytesInMemory.get();
    }

    /** Takes what ran out off a mailbox and off the disk and counts it; with the monitor held. Says whether there was any. */
    boolean purge(Mailbox box, long nowSeconds) {
        List<Entry> ranOut = isTimeDoubtful.getAsBoolean() ? List.of() : box.expired(nowSeconds);
        if (ranOut.isEmpty()) {
            return false;
        }
        List<Entry> inMemory = ranOut.stream().filter(entry -> !entry.isTaken).toList();
        List<Entry> onDisk = ranOut.stream().filter(entry -> entry.isTaken).toList();
        ranOut.forEach(box::remove);
        inMemory.forEach(this::release);
        box.expired += ranOut.size();
        long queueRow = box.queueRow;
        try {
            var unused = ledger.free(box, handle -> {
                        int deleted = store.delete(handle, queueRow, onDisk);
                        return store.addExpired(handle, queueRow, deleted + inMemory.size());
                    })
                    .whenComplete((total, failed) -> lapse(inMemory));
        } catch (Refused busy) {
            // The rows stay invisible, because they ran out, and the sweeper deletes and counts them.
            lapse(inMemory);
        }
        return true;
    }

    /** Only a clock that jumps makes an event run out within its linger: its sender may try again. */
    private static void lapse(List<Entry> inMemory) {
        inMemory.forEach(entry -> entry.tellRefused(Reason.BUSY.refuse()));
    }

    /** Drops what can be read again from the disk without loss, and was not used since the last time. */
    void forgetIdle() {
        for (Mailbox box : boxes.values()) {
            synchronized (box) {
                if (!box.isTouched && box.isIdle()) {
                    retire(box);
                }
                box.isTouched = false;
            }
        }
    }

    void retire(Mailbox box) {
        box.isRetired = true;
        boxes.remove(box.owner, box);
    }
}
