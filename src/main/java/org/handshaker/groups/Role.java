// SPDX-License-Identifier: MIT
package org.handshaker.groups;

import java.util.Locale;
import org.handshaker.core.Reason;

/** What a member may do, from most to least. */
public enum Role {
    OWNER('o'),
    ADMIN('a'),
    MEMBER('m');

    private final char code;

    Role(char code) {
        this.code = code;
    }

    /** As the contract writes it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Role parse(String text) {
        for (Role role : values()) {
            if (role.text().equals(text)) {
                return role;
            }
        }
        throw Reason.MALFORMED.refuse("A role is owner, admin or member.");
    }

    /** What the database holds, inside the seal. */
    byte code() {
        return (byte) code;
    }

    static Role of(byte code) {
        for (Role role : values()) {
            if (role.code() == code) {
                return role;
            }
        }
        throw new IllegalStateException("no role has the code " + code);
    }
}
