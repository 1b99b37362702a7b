// SPDX-License-Identifier: MIT
package org.handshaker.admin;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.directory.Directory;
import org.handshaker.queue.Queue;
import org.handshaker.store.Database;
import org.handshaker.web.Json;
import org.jspecify.annotations.Nullable;

/**
 * What the operator says to all: an event of the relay's own in every queue, which takes the place of an earlier one that was
 * not read. It is put there batch by batch on a thread of its own, so that users' changes go in between; one at a time.
 */
public final class Announcement implements AutoCloseable {
    static final String KIND = "system.announcement";
    /** All announcements are about the same: only the newest one waits. */
    private static final String SUBJECT = "announcement";

    private final Database database;
    private final Directory directory;
    private final Queue queue;
    private final AtomicBoolean isUnderWay = new AtomicBoolean();
    private volatile Progress progress = new Progress("none", 0);
    private volatile boolean isClosed;

    public Announcement(Database database, Directory directory, Queue queue) {
        this.database = database;
        this.directory = directory;
        this.queue = queue;
    }

    /**
     * How far the last one has come.
     *
     * @param state {@code none}, {@code under_way}, {@code done}, or {@code failed} where the store refused: say it again then
     * @param told users in whose queue it is
     */
    public record Progress(String state, int told) {}

    private record Text(String text) {}

    /** Begins to tell everyone; {@code busy} while the one before is under way. */
    void begin(String text) {
        if (isClosed || !isUnderWay.compareAndSet(false, true)) {
            throw Reason.BUSY.refuse();
        }
        progress = new Progress("under_way", 0);
        String payload = Json.text(new Text(text));
        Thread thread = new Thread(() -> tellAll(payload), "announcement");
        thread.setDaemon(true);
        thread.start();
    }

    private void tellAll(String payload) {
        int told = 0;
        String end = "failed";
        try {
            List<Id> batch = next(null);
            while (!batch.isEmpty() && !isClosed) {
                told += tell(batch, payload);
                progress = new Progress("under_way", told);
                batch = next(batch.get(batch.size() - 1));
            }
            end = isClosed ? "failed" : "done";
        } catch (Refused full) {
            // Whoever is told twice, when it is said again, finds the second in place of the first.
            end = "failed";
        } finally {
            progress = new Progress(end, told);
            isUnderWay.set(false);
        }
    }

    private List<Id> next(@Nullable Id last) {
        return directory.idsAfter(last, Limits.ANNOUNCEMENT_BATCH_USERS);
    }

    /** Returns how many of them are still there. */
    private int tell(List<Id> users, String payload) {
        return database.write(handle -> {
            int told = 0;
            for (Id user : users) {
                // A queue for an account that has gone would have no owner and no end.
                if (directory.byId(handle, user).isPresent()) {
                    queue.announce(handle, user, KIND, payload, SUBJECT);
                    told++;
                }
            }
            return told;
        });
    }

    /** How far the last one has come. */
    public Progress progress() {
        return progress;
    }

    /** The batch that is being written is the last. */
    @Override
    public void close() {
        isClosed = true;
    }
}
