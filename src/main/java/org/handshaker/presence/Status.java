// SPDX-License-Identifier: MIT
package org.handshaker.presence;

import java.util.Locale;
import org.handshaker.core.Reason;

/** What a user says of themselves; {@code OFFLINE} is what others see of someone invisible, too. */
public enum Status {
    ONLINE,
    AWAY,
    INVISIBLE,
    OFFLINE;

    /** One that a client may choose. */
    public static Status parse(String text) {
        return switch (text) {
            case "online" -> ONLINE;
            case "away" -> AWAY;
            case "invisible" -> INVISIBLE;
            default -> throw Reason.MALFORMED.refuse("A status is online, away or invisible.");
        };
    }

    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What others see of it. */
    Status shown() {
        return this == INVISIBLE ? OFFLINE : this;
    }
}
