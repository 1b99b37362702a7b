// SPDX-License-Identifier: MIT
package org.handshaker.store;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConnection;
import org.sqlite.SQLiteConnectionConfig;
import org.sqlite.SQLiteErrorCode;

/**
 * The one writer. Changes from all threads line up in a bounded queue; what has gathered while the last commit ran is done
 * in one transaction with one fsync, and only then are the callers told. Each change that may be refused stands behind its own
 * savepoint, so a refused one takes nothing with it; what else fails, fails the transaction, and then each is made by itself.
 *
 * <p>Guarantee: a future completes normally only after its change is on the disk. Never: an unbounded queue, or a future that
 * is forgotten.
 */
final class GroupCommit implements AutoCloseable {
    /** Changes that may wait; one more is refused with {@code busy}. */
    static final int WAITING_MAX = 8_192;
    /** Changes in one commit; bounds how long the first of them waits for the last: the queue's take some six microseconds each. */
    static final int BATCH_MAX = 1_024;

    private static final long CLOSE_MILLIS = 10_000;

    private final Handle writer;
    /** Told that a transaction is open, the driver does not ask SQLite for one after each statement, only to hear so. */
    private final SQLiteConnectionConfig driver;

    private final Reserve reserve;
    private final ArrayBlockingQueue<Waiting<?>> queue = new ArrayBlockingQueue<>(WAITING_MAX);
    private final List<Outcome> outcomesOfThisChange = new ArrayList<>();
    /** How transactions begin and end, by their SQL. */
    private final Map<String, PreparedStatement> statements = new HashMap<>();

    private final Thread thread;
    private volatile boolean closing;

    GroupCommit(Handle writer, Reserve reserve) {
        this.writer = writer;
        this.driver = driver(writer);
        this.reserve = reserve;
        this.thread = new Thread(this::run, "commit");
        thread.setDaemon(true);
    }

    private static SQLiteConnectionConfig driver(Handle writer) {
        try {
            return writer.getConnection().unwrap(SQLiteConnection.class).getConnectionConfig();
        } catch (SQLException impossible) {
            throw new IllegalStateException("the store is SQLite's", impossible);
        }
    }

    void start() {
        thread.start();
    }

    /** What a waiting piece of work does to the store. */
    enum Kind {
        /** Needs room; refused while there is no more than the reserve. */
        GROWS,
        /** Frees room, or needs next to none; the reserve is for it. */
        FREES,
        /** Is no change, and is done between transactions. */
        BETWEEN
    }

    private static final class Waiting<T> {
        final Function<Handle, T> change;
        final Kind kind;
        /** Behind a savepoint, for which SQLite copies every page that the change touches. */
        final boolean isGuarded;

        final CompletableFuture<T> done;

        @Nullable
        T result;

        /** Why it is not on the disk: a refusal, or whatever else it threw. */
        @Nullable
        Throwable refusal;

        List<Outcome> outcomes = List.of();
        boolean hadReserve;

        Waiting(Function<Handle, T> change, Kind kind, boolean isGuarded, CompletableFuture<T> done) {
            this.change = change;
            this.kind = kind;
            this.isGuarded = isGuarded;
            this.done = done;
        }

        boolean foundNoRoom() {
            return refusal instanceof Refused refused && refused.reason() == Reason.STORAGE_FULL;
        }

        @SuppressWarnings("NullAway") // T may itself be nullable; the future carries what the change returned
        void tell() {
            if (refusal == null) {
                done.complete(result);
            } else {
                done.completeExceptionally(refusal);
            }
        }

        void tellOutcomes() {
            boolean isCommitted = refusal == null;
            List<Outcome> untold = outcomes;
            outcomes = List.of();
            untold.forEach(outcome -> tellSafely(outcome, isCommitted));
        }

        /** Whoever was told before stays told. */
        void tellBroken(Throwable broken) {
            refusal = translated(broken);
            tellOutcomes();
            tell();
        }
    }

    /** Lines work up, for {@link Kind#BETWEEN} such as SQLite allows only between transactions; {@code busy} when the queue is full. */
    <T> CompletableFuture<T> submit(Kind kind, Function<Handle, T> change) {
        CompletableFuture<T> done = new CompletableFuture<>();
        enqueue(new Waiting<>(change, kind, true, done));
        return done;
    }

    /**
     * Lines up a change that refuses nothing: it needs no savepoint.
     *
     * @param done told on the commit thread, whatever hangs on it by then included
     */
    <T> void submit(Kind kind, Function<Handle, T> change, CompletableFuture<T> done) {
        enqueue(new Waiting<>(change, kind, false, done));
    }

    private void enqueue(Waiting<?> waiting) {
        if (closing) {
            throw Reason.SHUTTING_DOWN.refuse();
        }
        if (!queue.offer(waiting)) {
            throw Reason.BUSY.refuse();
        }
        if (closing && queue.remove(waiting)) {
            throw Reason.SHUTTING_DOWN.refuse();
        }
    }

    int waiting() {
        return queue.size();
    }

    boolean isWriterThread() {
        return Thread.currentThread() == thread;
    }

    /** Told whether the change that is being made is on the disk or was undone, and never forgotten. */
    void onOutcome(Outcome outcome) {
        if (!isWriterThread()) {
            throw new IllegalStateException("an outcome belongs to a change");
        }
        outcomesOfThisChange.add(outcome);
    }

    private void run() {
        List<Waiting<?>> batch = new ArrayList<>(BATCH_MAX);
        while (true) {
            @Nullable Waiting<?> first = closing ? queue.poll() : next();
            if (first == null) {
                return;
            }
            batch.add(first);
            queue.drainTo(batch, BATCH_MAX - 1);
            try {
                commit(batch);
            } catch (Throwable broken) {
                // Outside the changes, as where the reserve asks a disk that fails. Were it to end this thread,
                // nobody would be told anything any more.
                rollBack();
                batch.forEach(waiting -> waiting.tellBroken(broken));
            }
            batch.clear();
        }
    }

    private Waiting<?> next() {
        try {
            return queue.take();
        } catch (InterruptedException impossible) {
            throw new IllegalStateException("nobody interrupts the commit thread", impossible);
        }
    }

    private void commit(List<Waiting<?>> batch) {
        List<Waiting<?>> changes = new ArrayList<>(batch.size());
        List<Waiting<?>> between = new ArrayList<>(0);
        for (Waiting<?> waiting : batch) {
            (waiting.kind == Kind.BETWEEN ? between : changes).add(waiting);
        }
        reserve.renew(writer);
        if (!changes.isEmpty()) {
            commitChanges(changes);
        }
        for (Waiting<?> waiting : between) {
            attempt(waiting);
            waiting.tell();
        }
    }

    private void commitChanges(List<Waiting<?>> changes) {
        try {
            run("BEGIN IMMEDIATE");
            driver.setAutoCommit(false);
            for (Waiting<?> waiting : changes) {
                if (waiting.isGuarded) {
                    guarded(waiting);
                } else {
                    unguarded(waiting);
                }
            }
            run("COMMIT");
            driver.setAutoCommit(true);
        } catch (Throwable broken) {
            rollBack();
            if (changes.size() > 1) {
                commitOneByOne(changes);
                return;
            }
            Waiting<?> only = changes.get(0);
            only.refusal = only.refusal == null ? translated(broken) : only.refusal;
        }
        for (Waiting<?> waiting : changes) {
            waiting.tellOutcomes();
            if (deservesReserve(waiting)) {
                againWithReserve(waiting);
            } else {
                waiting.tell();
            }
        }
    }

    private void guarded(Waiting<?> waiting) {
        run("SAVEPOINT change");
        attempt(waiting);
        if (waiting.refusal != null) {
            run("ROLLBACK TO change");
        }
        run("RELEASE change");
    }

    /** What it did before it failed cannot be undone by itself. */
    private <T> void unguarded(Waiting<T> waiting) {
        outcomesOfThisChange.clear();
        if (!findsRoom(waiting)) {
            return;
        }
        try {
            waiting.result = waiting.change.apply(writer);
        } finally {
            waiting.outcomes = List.copyOf(outcomesOfThisChange);
        }
    }

    /** Prepared once: with small changes these would else cost as much as the changes. */
    private void run(String sql) {
        try {
            @Nullable PreparedStatement prepared = statements.get(sql);
            if (prepared == null) {
                prepared = writer.getConnection().prepareStatement(sql);
                statements.put(sql, prepared);
            }
            prepared.executeUpdate();
        } catch (SQLException failed) {
            // The driver closes a statement that fails.
            statements.remove(sql);
            throw new UnableToExecuteStatementException(failed, null);
        }
    }

    /** A database at its own bound finds no room either, but the reserve is not for that. */
    private boolean deservesReserve(Waiting<?> waiting) {
        if (!waiting.foundNoRoom() || waiting.kind != Kind.FREES || waiting.hadReserve) {
            return false;
        }
        reserve.distrust();
        return reserve.isShort();
    }

    private void againWithReserve(Waiting<?> waiting) {
        reserve.spend(writer);
        waiting.hadReserve = true;
        waiting.refusal = null;
        waiting.outcomes = List.of();
        commitChanges(List.of(waiting));
    }

    /**
     * When the disk is full SQLite undoes the whole transaction, not only the change that found no room. Whoever was not
     * refused then gets another go alone, so that deletes go on; and so does a delete that found no room beside the others,
     * for which the reserve may be spent only then.
     */
    private void commitOneByOne(List<Waiting<?>> changes) {
        for (Waiting<?> waiting : changes) {
            if (waiting.refusal != null && !(waiting.kind == Kind.FREES && waiting.foundNoRoom())) {
                waiting.tellOutcomes();
                waiting.tell();
                continue;
            }
            waiting.refusal = null;
            waiting.outcomes.forEach(outcome -> tellSafely(outcome, false));
            waiting.outcomes = List.of();
            commitChanges(List.of(waiting));
        }
    }

    private <T> void attempt(Waiting<T> waiting) {
        outcomesOfThisChange.clear();
        if (!findsRoom(waiting)) {
            return;
        }
        try {
            waiting.result = waiting.change.apply(writer);
        } catch (Throwable refused) {
            // An Error too: were it to end this thread, nobody would be told anything any more.
            waiting.refusal = translated(refused);
        }
        waiting.outcomes = List.copyOf(outcomesOfThisChange);
    }

    private boolean findsRoom(Waiting<?> waiting) {
        if (waiting.kind == Kind.GROWS && reserve.isShort()) {
            waiting.refusal = Reason.STORAGE_FULL.refuse();
            return false;
        }
        return true;
    }

    /** A listener's failure is not the failure of the change, which is on the disk already. */
    private static void tellSafely(Outcome outcome, boolean isCommitted) {
        try {
            outcome.tell(isCommitted);
        } catch (Throwable listenerBroke) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, listenerBroke);
        }
    }

    private void rollBack() {
        try {
            run("ROLLBACK");
        } catch (RuntimeException alreadyRolledBack) {
            // SQLite rolls back by itself on a full disk; then there is nothing left to undo.
            return;
        } finally {
            driver.setAutoCommit(true);
        }
    }

    /** A full or failing disk becomes {@code storage_full}, a file that others hold {@code busy}; everything else stays what it is. */
    private static Throwable translated(Throwable thrown) {
        for (@Nullable Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                int primary = sql.getErrorCode() & 0xff;
                if (primary == SQLiteErrorCode.SQLITE_FULL.code || primary == SQLiteErrorCode.SQLITE_IOERR.code) {
                    return Reason.STORAGE_FULL.refuse();
                }
                if (primary == SQLiteErrorCode.SQLITE_BUSY.code) {
                    return Reason.BUSY.refuse();
                }
            }
        }
        return thrown;
    }

    /** Turns the intake off, commits what is queued and ends the thread. */
    @Override
    public void close() {
        closing = true;
        // Wakes the thread if it sleeps; where there is no room for this, it is awake.
        var unused = queue.offer(new Waiting<>(handle -> true, Kind.BETWEEN, true, new CompletableFuture<>()));
        try {
            thread.join(CLOSE_MILLIS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
