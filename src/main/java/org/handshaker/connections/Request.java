// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import java.time.Instant;
import org.handshaker.core.Id;
import org.jspecify.annotations.Nullable;

/**
 * One user's wish to be connected with another, unanswered.
 *
 * @param intro opaque words of the asker, sealed end to end if the asker is wise
 * @param expiresAt whole seconds; from then on there never was such a request
 */
public record Request(Id id, Id asker, Id addressee, @Nullable String intro, Instant expiresAt) {
    boolean isAlive(Instant now) {
        return now.isBefore(expiresAt);
    }

    /** The side that {@code one} is not. */
    Id other(Id one) {
        return one.equals(asker) ? addressee : asker;
    }

    /** Says nothing: people must not slip into a log. */
    @Override
    public String toString() {
        return "Request";
    }
}
