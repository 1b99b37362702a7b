// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.concurrent.atomic.AtomicReference;

/**
 * Whether tor names its circuits, as its first connection shows: tor's line is the first thing on every stream, or on none, and
 * nobody far away can put anything before it. So the first connection that begins with something else tells that the line is
 * not switched on, and limits per circuit would be of no use. After one good line a bad one is some local program's, and is
 * merely closed; a connection that says nothing shows nothing.
 */
final class CircuitWatch {
    private enum Seen {
        NOTHING,
        NAMED,
        UNNAMED
    }

    private final AtomicReference<Seen> seen = new AtomicReference<>(Seen.NOTHING);
    private final Runnable whenUnnamed;

    /** @param whenUnnamed runs at most once, on a thread of the connection's */
    CircuitWatch(Runnable whenUnnamed) {
        this.whenUnnamed = whenUnnamed;
    }

    void named() {
        if (seen.get() == Seen.NOTHING) {
            seen.compareAndSet(Seen.NOTHING, Seen.NAMED);
        }
    }

    void unnamed() {
        if (seen.compareAndSet(Seen.NOTHING, Seen.UNNAMED)) {
            whenUnnamed.run();
        }
    }
}
