// SPDX-License-Identifier: MIT
package org.handshaker.admin;

import java.time.Duration;
import java.time.Instant;
import org.handshaker.core.Secret;

/** How the operator lets somebody register who nobody has invited; the wiring knows who makes invites. */
@FunctionalInterface
public interface Inviting {
    /** @param token shown this once */
    record Made(Secret token, Instant expiresAt) {
        @Override
        public String toString() {
            return "Made";
        }
    }

    /**
     * Makes an invite to register; {@code too_many_invites} when as many of the operator's are good already.
     *
     * @param uses 1 to 100
     * @param life at most thirty days
     */
    Made make(int uses, Duration life);
}
