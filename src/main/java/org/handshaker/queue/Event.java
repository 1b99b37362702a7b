// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Instant;
import org.handshaker.core.Id;
import org.handshaker.core.Username;
import org.jspecify.annotations.Nullable;

/**
 * One event as its owner sees it.
 *
 * @param eventId the same for every retry, so that clients can drop doubles
 * @param seq rises within the queue and is never reused
 * @param from who sent it; null for the relay's own
 * @param payload opaque
 * @param group through which it came; null where it was sent to its owner alone
 */
public record Event(
        Id eventId,
        long seq,
        EventClass eventClass,
        @Nullable Username from,
        String kind,
        String payload,
        Instant expiresAt,
        @Nullable String group) {
    /** Sent to its owner alone. */
    public Event(
            Id eventId,
            long seq,
            EventClass eventClass,
            @Nullable Username from,
            String kind,
            String payload,
            Instant expiresAt) {
        this(eventId, seq, eventClass, from, kind, payload, expiresAt, null);
    }

    /** Bytes of this event in an answer or frame, from above: what JSON escaping can make of the payload, and the fields beside it. */
    public int jsonBytesMax() {
        int bytes = 320;
        for (int i = 0; i < payload.length(); i++) {
            char c = payload.charAt(i);
            bytes += c < 0x20 ? 6 : c == '"' || c == '\\' ? 2 : c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
        }
        return bytes;
    }

    @Override
    public String toString() {
        return "Event";
    }
}
