// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import org.handshaker.core.Reason;

/** What an addressee says to a request. */
public enum Answer {
    ACCEPT,
    DECLINE,
    /** Decline, and never hear of that user again. */
    BLOCK;

    /** As clients write it. */
    static Answer parse(String action) {
        return switch (action) {
            case "accept" -> ACCEPT;
            case "decline", "reject" -> DECLINE;
            case "block" -> BLOCK;
            default -> throw Reason.MALFORMED.refuse("The action is accept, decline, reject or block.");
        };
    }
}
