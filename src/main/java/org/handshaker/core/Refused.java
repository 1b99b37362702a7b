// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The relay's way of saying no: thrown by rules, answered in one place as problem+json (RFC 9457) or as a {@code refused}
 * frame. It carries no stack, because being refused is ordinary, and never any text that came from a client.
 */
public final class Refused extends RuntimeException {
    private final Reason reason;
    private final int retryAfterSeconds;
    private final transient Map<String, Object> members;

    Refused(Reason reason, String detail, int retryAfterSeconds, Map<String, Object> members) {
        super(detail, null, false, false);
        this.reason = reason;
        this.retryAfterSeconds = retryAfterSeconds;
        this.members = Map.copyOf(members);
    }

    public Reason reason() {
        return reason;
    }

    /** One sentence for a person. */
    public String detail() {
        @Nullable String detail = getMessage();
        return detail == null ? reason.detail() : detail;
    }

    /** Seconds until another try makes sense; 0 where waiting does not help. */
    public int retryAfterSeconds() {
        return retryAfterSeconds;
    }

    /** Extra members of the problem document, such as the puzzle to solve. */
    public Map<String, Object> members() {
        return members;
    }
}
