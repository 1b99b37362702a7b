// SPDX-License-Identifier: MIT
package org.handshaker.store;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
@NullUnmarked // a reserve that is not there
class GroupCommitTest {
    @TempDir
    Path directory;

    private Database database;
    private final CountDownLatch gate = new CountDownLatch(1);

    @BeforeEach
    void open() {
        database = Database.open(directory);
        Words.create(database);
    }

    @AfterEach
    void close() {
        gate.countDown();
        database.close();
    }

    /** Keeps the commit thread busy, so that what comes next lines up and goes into one commit. */
    private CompletableFuture<Boolean> holdWriter() throws InterruptedException {
        CountDownLatch held = new CountDownLatch(1);
        CompletableFuture<Boolean> holding = database.writeLater(handle -> {
            held.countDown();
            await(gate);
            return true;
        });
        assertTrue(held.await(10, TimeUnit.SECONDS));
        return holding;
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(30, TimeUnit.SECONDS));
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private static Throwable failureOf(CompletableFuture<?> future) {
        return Objects.requireNonNull(
                assertThrows(CompletionException.class, future::join).getCause());
    }

    private static Reason refusalOf(CompletableFuture<?> future) {
        return assertInstanceOf(Refused.class, failureOf(future)).reason();
    }

    @Test
    void aRefusedChangeTakesNothingWithItAndTheOthersAreCommitted() throws Exception {
        var unused = holdWriter();
        CompletableFuture<Integer> before = database.writeLater(handle -> Words.add(handle, "before"));
        CompletableFuture<Integer> refused = database.writeLater(handle -> {
            Words.add(handle, "undone");
            throw Reason.QUEUE_FULL.refuse();
        });
        CompletableFuture<Integer> after = database.writeLater(handle -> Words.add(handle, "after"));
        gate.countDown();

        assertEquals(1, before.join());
        assertEquals(1, after.join());
        assertEquals(Reason.QUEUE_FULL, refusalOf(refused));
        assertEquals(List.of("before", "after"), Words.in(database));
    }

    @Test
    void whatHasNoSavepointAndFailsTakesNothingWithItEither() throws Exception {
        List<String> told = new CopyOnWriteArrayList<>();
        var unused = holdWriter();
        CompletableFuture<Integer> before = unguarded(handle -> Words.add(handle, "before"));
        CompletableFuture<Integer> broken = unguarded(handle -> {
            database.onOutcome(isCommitted -> told.add("broken " + isCommitted));
            Words.add(handle, "undone");
            throw new IllegalStateException("broken");
        });
        CompletableFuture<Integer> refused = database.writeLater(handle -> {
            Words.add(handle, "undone, too");
            throw Reason.QUEUE_FULL.refuse();
        });
        CompletableFuture<Integer> after = unguarded(handle -> {
            database.onOutcome(isCommitted -> told.add("after " + isCommitted));
            return Words.add(handle, "after");
        });
        gate.countDown();

        assertEquals(1, before.join());
        assertEquals(1, after.join());
        assertInstanceOf(IllegalStateException.class, failureOf(broken));
        assertEquals(Reason.QUEUE_FULL, refusalOf(refused));
        assertEquals(List.of("before", "after"), Words.in(database));
        assertEquals(List.of("broken false", "broken false", "after true"), told, "in company and then alone");
        assertEquals(1, Words.write(database, handle -> Words.add(handle, "later")));
    }

    private <T> CompletableFuture<T> unguarded(Function<Handle, T> change) {
        CompletableFuture<T> done = new CompletableFuture<>();
        database.writeLater(done, change);
        return done;
    }

    @Test
    void aBugInOneChangeIsToldToItsCallerAlone() throws Exception {
        var unused = holdWriter();
        CompletableFuture<Object> broken = database.writeLater(handle -> {
            throw new IllegalStateException("broken");
        });
        CompletableFuture<Object> worse = database.writeLater(handle -> {
            throw new StackOverflowError();
        });
        CompletableFuture<Object> wrong =
                database.writeLater(handle -> handle.execute("INSERT INTO nowhere VALUES (1)"));
        CompletableFuture<Integer> good = database.writeLater(handle -> Words.add(handle, "good"));
        gate.countDown();

        assertInstanceOf(IllegalStateException.class, failureOf(broken));
        assertInstanceOf(StackOverflowError.class, failureOf(worse));
        assertInstanceOf(RuntimeException.class, failureOf(wrong));
        assertEquals(1, good.join());
        assertEquals(1, Words.write(database, handle -> Words.add(handle, "later")));
    }

    @Test
    void refusesAsBusyWhatTheQueueCannotHold() throws Exception {
        var unused = holdWriter();
        List<CompletableFuture<Integer>> waiting = new ArrayList<>();
        assertEquals(Limits.CHANGES_WAITING_MAX, GroupCommit.WAITING_MAX, "by which strain is told");
        for (int i = 0; i < GroupCommit.WAITING_MAX; i++) {
            waiting.add(database.writeLater(handle -> Words.add(handle, "word")));
        }
        assertRefused(Reason.BUSY, () -> database.writeLater(handle -> true));
        gate.countDown();

        waiting.forEach(CompletableFuture::join);
        assertEquals(GroupCommit.WAITING_MAX, Words.in(database).size());
        assertTrue(database.<Boolean>write(handle -> true));
    }

    @Test
    void outcomesAreToldAfterTheCommitInTheOrderOfTheChanges() throws Exception {
        List<String> told = new CopyOnWriteArrayList<>();
        var unused = holdWriter();
        CompletableFuture<Integer> first = database.writeLater(handle -> {
            database.onOutcome(isCommitted -> told.add("first " + isCommitted + " " + Words.in(database)));
            return Words.add(handle, "first");
        });
        CompletableFuture<Integer> refused = database.writeLater(handle -> {
            database.onOutcome(isCommitted -> told.add("second " + isCommitted));
            database.afterCommit(() -> told.add("never"));
            throw Reason.NOT_FOUND.refuse();
        });
        CompletableFuture<Integer> third = database.writeLater(handle -> {
            database.afterCommit(() -> told.add("third"));
            return Words.add(handle, "third");
        });
        gate.countDown();

        CompletableFuture.allOf(first, third).join();
        assertEquals(Reason.NOT_FOUND, refusalOf(refused));
        assertEquals(List.of("first true [first, third]", "second false", "third"), told);
    }

    @Test
    void aListenerThatBreaksIsNotTheFailureOfTheChange() {
        Thread.UncaughtExceptionHandler usual = Thread.getDefaultUncaughtExceptionHandler();
        List<Throwable> seen = new CopyOnWriteArrayList<>();
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> seen.add(thrown));
        try {
            assertEquals(1, Words.write(database, handle -> {
                database.afterCommit(() -> {
                    throw new IllegalStateException("listener");
                });
                return Words.add(handle, "kept");
            }));
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(usual);
        }
        assertEquals(List.of("kept"), Words.in(database));
        assertEquals(1, seen.size());
    }

    @Test
    void closeCommitsWhatIsQueuedAndThenTakesNothingMore() throws Exception {
        var unused = holdWriter();
        List<CompletableFuture<Integer>> waiting = new ArrayList<>();
        for (int i = 0; i < 3 * GroupCommit.BATCH_MAX; i++) {
            waiting.add(database.writeLater(handle -> Words.add(handle, "word")));
        }
        Thread closing = new Thread(database::close);
        closing.start();
        gate.countDown();
        closing.join(30_000);

        assertFalse(closing.isAlive());
        waiting.forEach(done -> assertTrue(done.isDone() && !done.isCompletedExceptionally()));
        assertRefused(Reason.SHUTTING_DOWN, () -> database.writeLater(handle -> true));
        assertRefused(Reason.SHUTTING_DOWN, () -> database.read(handle -> true));
        try (Database again = Database.open(directory)) {
            assertEquals(3 * GroupCommit.BATCH_MAX, Words.in(again).size());
        }
    }

    @Test
    void aChangeMustNotWaitForAnotherChange() {
        assertThrows(IllegalStateException.class, () -> database.write(outer -> database.write(inner -> true)));
        assertThrows(IllegalStateException.class, () -> database.afterCommit(() -> {}));
        assertTrue(database.<Boolean>write(handle -> true));
    }

    /** A reserve that is not there stands for one that fails, which takes a disk that does. */
    @Test
    void whatBreaksBetweenChangesIsToldAndHoldsUpNobody() {
        try (Handle writer = Jdbi.create("jdbc:sqlite::memory:").open()) {
            GroupCommit commits = new GroupCommit(writer, null);
            commits.start();
            for (int i = 0; i < 2; i++) {
                CompletableFuture<Integer> change = commits.submit(GroupCommit.Kind.FREES, handle -> 1);
                CompletionException told = assertThrows(CompletionException.class, change::join);
                assertInstanceOf(NullPointerException.class, told.getCause());
            }
            commits.close();
        }
    }
}
