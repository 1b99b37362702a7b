// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import java.util.Locale;

/** What became of a request. */
public enum Outcome {
    PENDING,
    ACCEPTED,
    DECLINED,
    BLOCKED;

    /** As clients read it. */
    public String status() {
        return name().toLowerCase(Locale.ROOT);
    }
}
