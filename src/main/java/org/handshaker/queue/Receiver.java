// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.concurrent.atomic.AtomicBoolean;

/** A connected device: events are pushed to it in order, at most 256 ahead of its acks. */
public abstract class Receiver {
    /** The seq up to which everything pending was pushed; guarded by the mailbox. */
    long cursor;
    /** Pushed and still pending; guarded by the mailbox. */
    int inFlight;
    /** Their bytes; guarded by the mailbox. */
    long bytesInFlight;

    final AtomicBoolean isPumping = new AtomicBoolean();
    /** It will be looked at soon, and will find whatever comes until then. */
    final AtomicBoolean isDue = new AtomicBoolean();

    volatile boolean hasMore;

    /** Runs what looks for events to push: at once, or soon, when more of them may have come. Must not lose it. */
    protected void soon(Runnable look) {
        look.run();
    }

    /** Sends one event; must not block. Called by one thread at a time. */
    protected abstract void push(Event event);
}
