// SPDX-License-Identifier: MIT
package org.handshaker.invites;

import java.time.Instant;
import java.util.Locale;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.jspecify.annotations.Nullable;

/**
 * An invite, less its token.
 *
 * @param inviter who made it; null for the operator
 * @param group into which it leads; null for the other kinds
 */
public record Invite(Id id, Kind kind, @Nullable Id inviter, @Nullable String group, int usesLeft, Instant expiresAt) {
    /** What it is good for. */
    public enum Kind {
        REGISTER,
        GROUP,
        CONNECTION;

        /** As the contract writes it. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Kind parse(String text) {
            for (Kind kind : values()) {
                if (kind.text().equals(text)) {
                    return kind;
                }
            }
            throw Reason.MALFORMED.refuse("An invite is of kind register, group or connection.");
        }
    }

    @Override
    public String toString() {
        return "Invite";
    }
}
