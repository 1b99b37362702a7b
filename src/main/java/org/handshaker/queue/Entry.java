// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.handshaker.core.Id;
import org.handshaker.core.Refused;
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
    /** For the sender; none once it is stored, because thousands may wait and all would say the same. */
    private volatile @Nullable CompletableFuture<Receipt> told;

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

    /** Counts among the bodies in memory. */
    boolean isHeld;
    /** Its body waits for a commit, or is in one: it is kept until that is over, whoever acks meanwhile. */
    boolean isLined;

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
        this.told = state == State.STORED ? null : new CompletableFuture<>();
    }

    /** Completes when it is safe; whoever retries what is stored hears so at once. */
    CompletableFuture<Receipt> receipt() {
        @Nullable CompletableFuture<Receipt> open = told;
        return open == null ? CompletableFuture.completedFuture(receipt(Receipt.Status.STORED)) : open;
    }

    private Receipt receipt(Receipt.Status status) {
        return new Receipt(eventId, status, Instant.ofEpochSecond(expiresAtSeconds));
    }

    /** Tells the sender; only the first word counts. Not with a monitor held: whoever waits for it may do what they like then. */
    void tellSafe(Receipt.Status status) {
        @Nullable CompletableFuture<Receipt> open = told;
        if (open != null && open.complete(receipt(status)) && status == Receipt.Status.STORED) {
            told = null;
        }
    }

    /** Tells the sender that it is not safe, unless it is. */
    void tellRefused(Refused refused) {
        @Nullable CompletableFuture<Receipt> open = told;
        if (open != null) {
            open.completeExceptionally(refused);
        }
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
