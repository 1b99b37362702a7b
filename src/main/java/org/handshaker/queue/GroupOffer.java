// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Duration;
import java.util.List;
import org.handshaker.core.Id;
import org.handshaker.core.Username;
import org.jspecify.annotations.Nullable;

/**
 * An event on its way to many at once.
 *
 * @param group its name, as the recipients read it
 * @param recipients each once, the sender not among them
 * @param clientId the sender's own id, by which a retry is known; null makes every call a new event
 * @param ttl asked life; null for the longest
 */
public record GroupOffer(
        Id sender,
        Username senderName,
        String group,
        List<Id> recipients,
        Kind kind,
        String payload,
        @Nullable String clientId,
        @Nullable Duration ttl) {
    @Override
    public String toString() {
        return "GroupOffer";
    }
}
