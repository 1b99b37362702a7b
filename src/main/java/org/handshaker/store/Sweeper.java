// SPDX-License-Identifier: MIT
package org.handshaker.store;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.handshaker.core.Refused;

/**
 * One thread that forgets on time: every half minute it deletes what ran out, then truncates the WAL and gives freed pages
 * back, so that nothing outlives its time by more than a minute. A failing entry does not stop the others or the next round.
 */
public final class Sweeper implements AutoCloseable {
    static final Duration PERIOD = Duration.ofSeconds(30);
    private static final int ROUNDS_MAX = 1_000;

    private final Database database;
    private final InstantSource time;
    private final List<Expiring> entries;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread sweeper = new Thread(task, "sweeper");
        sweeper.setDaemon(true);
        return sweeper;
    });

    public Sweeper(Database database, InstantSource time, List<Expiring> entries) {
        this.database = database;
        this.time = time;
        this.entries = List.copyOf(entries);
    }

    public void start() {
        long millis = PERIOD.toMillis();
        var unused = thread.scheduleWithFixedDelay(this::sweep, millis, millis, TimeUnit.MILLISECONDS);
    }

    /** One pass; returns how many rows went. Tests call it instead of waiting. */
    public int sweep() {
        int gone = 0;
        for (Expiring entry : entries) {
            gone += sweep(entry);
        }
        try {
            database.forgetDeleted();
        } catch (RuntimeException busy) {
            // A reader held the WAL, or the disk is full: the next pass tries again. There is nobody to tell.
            return gone;
        }
        return gone;
    }

    private int sweep(Expiring entry) {
        int gone = 0;
        try {
            for (int round = 0; round < ROUNDS_MAX; round++) {
                int batch = database.free(handle -> entry.expire(handle, time.instant()));
                gone += batch;
                if (batch == 0) {
                    break;
                }
            }
        } catch (Refused full) {
            return gone;
        } catch (RuntimeException broken) {
            // One broken entry must not keep the others from forgetting.
            return gone;
        }
        return gone;
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
