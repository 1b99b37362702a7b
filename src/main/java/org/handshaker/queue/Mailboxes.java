// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.handshaker.core.Id;
import org.handshaker.core.Vault;
import org.handshaker.store.Database;
import org.jspecify.annotations.Nullable;

/**
 * The mailboxes in memory: read from the disk when first needed, forgotten when idle. Work on a mailbox happens in
 * {@link #with}, under its monitor; nothing in there may wait for a commit.
 */
final class Mailboxes {
    /** Above this many, idle ones are forgotten at once rather than at the next sweep. */
    static final int MAILBOXES_MAX = 100_000;

    private final Database database;
    private final Vault vault;
    private final QueueStore store;
    private final Map<Id, Mailbox> boxes = new ConcurrentHashMap<>();

    Mailboxes(Database database, Vault vault, QueueStore store) {
        this.database = database;
        this.vault = vault;
        this.store = store;
    }

    <T extends @Nullable Object> T with(Id owner, Function<Mailbox, T> work) {
        if (boxes.size() > MAILBOXES_MAX) {
            forgetIdle();
        }
        while (true) {
            Mailbox box = boxes.computeIfAbsent(owner, Mailbox::new);
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
        // One snapshot: a sweep between the total and the rows would lose count.
        database.read(reader -> reader.inTransaction(handle -> {
            Optional<QueueStore.QueueRow> row = store.find(handle, owner);
            row.ifPresent(found -> {
                box.queueRow = found.queue();
                box.reserved = found.reserved();
                box.expired = found.expired();
                store.entries(handle, found.queue()).forEach(box::add);
            });
            return row;
        }));
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

    /**
     * Drops what can be read again from the disk without loss, and was not used since the last time: so no change to it can
     * still be on its way to the disk.
     */
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
