// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.handshaker.core.Id;
import org.jspecify.annotations.Nullable;

/** What the relay keeps in memory of a pending event: enough to decide without opening anything. Guarded by its mailbox. */
final class Entry {
    /** Where the event is. */
    enum State {
        /** Part of a change that is not committed yet; nothing after it is shown. */
        HIDDEN,
        MEMORY,
        COMMITTING,
        STORED
    }

    final long seq;
    final Id eventId;
    final EventClass eventClass;
    final Id senderTag;
    final long expiresAtSeconds;
    final int bytes;
    final CompletableFuture<Receipt> receipt = new CompletableFuture<>();
    State state;
    /** The event itself while it is not on the disk. */
    @Nullable
    Event event;

    /** Ends its stay in memory. */
    volatile Timer.@Nullable Alarm linger;

    /** Its body lies on the disk once for many queues; what came through a group stays when two part. */
    boolean isShared;
    /** What is shown of an event for many while it is pushed, instead of being read from the disk by each. */
    @Nullable
    Event shown;

    boolean isGone;
    /** Its insert is being made, or was: from now on it leaves the disk only by a delete. */
    boolean isTaken;

    Entry(
            long seq,
            Id eventId,
            EventClass eventClass,
            Id senderTag,
            long expiresAtSeconds,
            int bytes,
            State state,
            @Nullable Event event) {
        this.seq = seq;
        this.eventId = eventId;
        this.eventClass = eventClass;
        this.senderTag = senderTag;
        this.expiresAtSeconds = expiresAtSeconds;
        this.bytes = bytes;
        this.state = state;
        this.event = event;
        this.isTaken = state == State.STORED || state == State.HIDDEN;
        if (state == State.STORED) {
            // Read from the disk: whoever retries hears at once that it is safe.
            receipt.complete(receipt(Receipt.Status.STORED));
        }
    }

    Receipt receipt(Receipt.Status status) {
        return new Receipt(eventId, status, Instant.ofEpochSecond(expiresAtSeconds));
    }

    /** It will not be committed at the end of its linger any more. */
    void cancelLinger() {
        Timer.@Nullable Alarm alarm = linger;
        if (alarm != null) {
            alarm.cancel();
        }
    }

    boolean isExpired(long nowSeconds) {
        return expiresAtSeconds <= nowSeconds;
    }
}
