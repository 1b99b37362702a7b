// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Instant;
import org.handshaker.core.Id;

/** The relay's word that an event is safe: in the recipient's hands, or committed to disk. */
public record Receipt(Id eventId, Status status, Instant expiresAt) {
    /** Which of the two. */
    public enum Status {
        DELIVERED,
        STORED
    }
}
