// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * What a thread does between finding a connection readable and waiting for it again. Whatever a turn wants written to other
 * connections can be gathered and written once at its end: under load many frames go out with one system call.
 */
public final class Turn {
    /** So many things gathered are done at once, so that a reader without an end keeps nobody waiting. */
    static final int GATHERED_MAX = 64;

    /** And so late at most, however long a turn goes on: what it gathers, no other thread will do. */
    static final long LONGEST_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private static final ThreadLocal<@Nullable Turn> CURRENT = new ThreadLocal<>();

    private final List<Runnable> gathered = new ArrayList<>();
    /** When the first of them came. */
    private long sinceNanos;

    /** The first failure of what was gathered, told when the turn is over. */
    private @Nullable RuntimeException failed;

    private Turn() {}

    /** Runs something at the end of this thread's turn; false when it is in none, and then nothing is done. */
    public static boolean atEnd(Runnable what) {
        @Nullable Turn turn = CURRENT.get();
        if (turn == null) {
            return false;
        }
        if (turn.gathered.isEmpty()) {
            turn.sinceNanos = System.nanoTime();
        }
        turn.gathered.add(what);
        if (turn.gathered.size() >= GATHERED_MAX) {
            turn.finish();
        }
        return true;
    }

    /** Said with each frame that is read: whoever never stops sending must not hold up what is for others. */
    public static void goesOn() {
        @Nullable Turn turn = CURRENT.get();
        if (turn != null && !turn.gathered.isEmpty() && System.nanoTime() - turn.sinceNanos > LONGEST_NANOS) {
            turn.finish();
        }
    }

    /**
     * Said by whoever may wait now, for the disk or for a core: what was gathered so far is done before, because no other
     * thread will do it meanwhile.
     */
    public static void beforeWaiting() {
        @Nullable Turn turn = CURRENT.get();
        if (turn != null) {
            turn.finish();
        }
    }

    private void end() {
        try {
            finish();
        } finally {
            CURRENT.remove();
        }
        if (failed != null) {
            throw failed;
        }
    }

    private void finish() {
        // What is run may gather more.
        while (!gathered.isEmpty()) {
            List<Runnable> now = List.copyOf(gathered);
            gathered.clear();
            for (Runnable each : now) {
                try {
                    each.run();
                } catch (RuntimeException broken) {
                    // It belongs to another connection: not to the others, nor to the one that is being read.
                    failed = failed == null ? broken : failed;
                }
            }
        }
    }

    /** Makes a turn of what a connection does when it can be read. */
    static Callback around(Callback readable) {
        return new Callback.Nested(readable) {
            @Override
            public void succeeded() {
                Turn turn = new Turn();
                CURRENT.set(turn);
                try {
                    super.succeeded();
                } finally {
                    turn.end();
                }
            }
        };
    }
}
