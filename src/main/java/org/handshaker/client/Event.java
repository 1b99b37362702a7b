// SPDX-License-Identifier: MIT
package org.handshaker.client;

import org.jspecify.annotations.Nullable;

/**
 * One event of one's own queue.
 *
 * @param seq its place in the queue; acknowledging it acknowledges all before it
 * @param fromUser who sent it, {@code "@alice"}; null where the relay itself did
 * @param group through which it came; null where it was sent to this person alone
 */
public record Event(
        String eventId,
        long seq,
        @Nullable String fromUser,
        String kind,
        String payload,
        @Nullable String expiresAt,
        @Nullable String group) {

    /** Sent to this person alone. */
    public Event(
            String eventId,
            long seq,
            @Nullable String fromUser,
            String kind,
            String payload,
            @Nullable String expiresAt) {
        this(eventId, seq, fromUser, kind, payload, expiresAt, null);
    }

    /** Reads an event or, where the names differ, a signal of {@code /signaling/poll}. */
    static Event of(Answer answer) {
        @Nullable String kind = answer.textIfAny("kind");
        @Nullable String payload = answer.textIfAny("payload");
        return new Event(
                answer.text("event_id"),
                answer.number("seq"),
                answer.textIfAny("from_user"),
                kind == null ? answer.text("type") : kind,
                payload == null ? answer.text("encrypted_payload") : payload,
                answer.textIfAny("expires_at"),
                answer.textIfAny("group"));
    }

    /** Neither who wrote nor what. */
    @Override
    public String toString() {
        return "Event[" + kind + "]";
    }
}
