// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request for a connection; {@code status} is null in lists, where all are pending. */
public record Approach(String requestId, @Nullable String fromUser, @Nullable String toUser, @Nullable String status) {
    /** What waits for an answer, one's own or another's. */
    public record Pending(List<Approach> incoming, List<Approach> outgoing) {
        public Pending {
            incoming = List.copyOf(incoming);
            outgoing = List.copyOf(outgoing);
        }
    }

    static Approach of(Answer answer) {
        return new Approach(
                answer.text("request_id"),
                answer.textIfAny("from_user"),
                answer.textIfAny("to_user"),
                answer.textIfAny("status"));
    }

    @Override
    public String toString() {
        return "Approach";
    }
}
