// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Duration;
import org.handshaker.core.Id;
import org.handshaker.core.Username;
import org.jspecify.annotations.Nullable;

/**
 * An event on its way in.
 *
 * @param clientId the sender's own id, by which a retry is known; null makes every call a new event
 * @param ttl asked life; null for the longest
 */
public record Offer(
        Id sender,
        Username senderName,
        Id target,
        Kind kind,
        String payload,
        @Nullable String clientId,
        @Nullable Duration ttl) {
    @Override
    public String toString() {
        return "Offer";
    }
}
