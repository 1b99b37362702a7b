// SPDX-License-Identifier: MIT
package org.handshaker;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.handshaker.core.Cost;
import org.handshaker.core.Reason;

/**
 * The relay's way out on the operator's word: nothing new is taken in, whoever is here may read and ack what waits, and when
 * nobody is here any more, or the time is over, the relay ends as on SIGTERM.
 */
final class Drain {
    /** What would be new here: a user, a session, a socket, a request, an event. */
    private static final Set<Cost> NEW =
            EnumSet.of(Cost.REGISTER, Cost.LOGIN, Cost.FORGOT, Cost.ASK, Cost.SEND, Cost.SOCKET);

    private static final long LOOK_MILLIS = 100;

    private final BooleanSupplier isEmpty;
    private final AtomicBoolean isUnderWay = new AtomicBoolean();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile Runnable whenOver;

    /**
     * Does nothing before it is begun.
     *
     * @param isEmpty whether nobody is here and nothing is in memory only
     * @param whenOver ends the relay
     */
    Drain(BooleanSupplier isEmpty, Runnable whenOver) {
        this.isEmpty = isEmpty;
        this.whenOver = whenOver;
    }

    void whenOver(Runnable ends) {
        whenOver = ends;
    }

    boolean isUnderWay() {
        return isUnderWay.get();
    }

    /** Refuses with {@code shutting_down} what would be new, once it has begun. */
    void requireOpen(Cost cost) {
        if (isUnderWay.get() && NEW.contains(cost)) {
            throw Reason.SHUTTING_DOWN.refuse();
        }
    }

    /** Returns at once; a second time is harmless and changes nothing. */
    void begin(Duration longest) {
        if (!isUnderWay.compareAndSet(false, true)) {
            return;
        }
        Thread thread = new Thread(() -> finish(longest), "drain");
        thread.setDaemon(true);
        thread.start();
    }

    private void finish(Duration longest) {
        long end = System.nanoTime() + longest.toNanos();
        try {
            // At least one look later: whoever asked for this shall have the answer.
            do {
                if (closed.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                    return;
                }
            } while (!isEmpty.getAsBoolean() && System.nanoTime() < end);
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
        whenOver.run();
    }

    /** The relay ends by itself. */
    void close() {
        closed.countDown();
    }
}
