// SPDX-License-Identifier: MIT
package org.handshaker.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.handshaker.core.Reason;
import org.handshaker.support.TestTime;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SweeperTest {
    @TempDir
    Path directory;

    private final TestTime time = new TestTime();
    private Database database;

    @BeforeEach
    void open() {
        database = Database.open(directory);
        Words.create(database);
    }

    @AfterEach
    void close() {
        database.close();
    }

    private int sweep(Expiring... entries) {
        try (Sweeper sweeper = new Sweeper(database, time, List.of(entries))) {
            return sweeper.sweep();
        }
    }

    private static int deleteBatch(Handle handle) {
        return handle.createUpdate(
                        "DELETE FROM words WHERE rowid IN (SELECT rowid FROM words WHERE word = 'old' LIMIT :batch)")
                .bind("batch", Expiring.BATCH_ROWS)
                .execute();
    }

    @Test
    void comesBackUntilNothingIsLeft() {
        database.write(handle -> {
            for (int i = 0; i < 2 * Expiring.BATCH_ROWS + 1; i++) {
                Words.add(handle, "old");
            }
            return Words.add(handle, "new");
        });
        List<Integer> batches = new ArrayList<>();
        int gone = sweep((handle, now) -> {
            int batch = deleteBatch(handle);
            batches.add(batch);
            return batch;
        });
        assertEquals(2 * Expiring.BATCH_ROWS + 1, gone);
        assertEquals(List.of(Expiring.BATCH_ROWS, Expiring.BATCH_ROWS, 1, 0), batches);
        assertEquals(List.of("new"), Words.in(database));
    }

    @Test
    void aFailingEntryDoesNotStopTheOthers() {
        database.write(handle -> Words.add(handle, "old"));
        int gone = sweep(
                (handle, now) -> {
                    throw new IllegalStateException("broken");
                },
                (handle, now) -> {
                    throw Reason.STORAGE_FULL.refuse();
                },
                (handle, now) -> {
                    throw new StackOverflowError();
                },
                (handle, now) -> handle.execute("DELETE FROM nowhere"),
                (handle, now) -> deleteBatch(handle));
        assertEquals(1, gone);
        assertEquals(List.of(), Words.in(database));
    }

    @Test
    void tellsEachEntryTheTime() {
        List<Instant> told = new ArrayList<>();
        sweep((handle, now) -> {
            told.add(now);
            return 0;
        });
        assertEquals(List.of(time.instant()), told);
    }

    @Test
    void aSweepAfterTheDatabaseIsClosedIsHarmless() {
        database.write(handle -> Words.add(handle, "old"));
        database.close();
        assertEquals(0, sweep((handle, now) -> deleteBatch(handle)));
    }
}
