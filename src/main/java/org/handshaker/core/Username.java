// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.util.Locale;

/**
 * A user's name, folded: {@code [a-z0-9_]{3,30}}, ASCII only so that no two names look alike. {@link #toString()} hides it,
 * since names must not slip into a log; {@link #at()} is the form that clients see.
 */
public record Username(String bare) {
    public Username {
        // By hand: it is done with every event.
        boolean isName = bare.length() >= 3 && bare.length() <= 30;
        for (int i = 0; isName && i < bare.length(); i++) {
            char c = bare.charAt(i);
            isName = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        }
        if (!isName) {
            throw Reason.BAD_USERNAME.refuse();
        }
    }

    /** Accepts a leading {@code @} and capital letters. */
    public static Username parse(String text) {
        if (text.length() > 31) {
            throw Reason.BAD_USERNAME.refuse();
        }
        for (int i = 0; i < text.length(); i++) {
            // Before folding: some letters outside ASCII fold into it (K, the Kelvin sign), and look-alikes must not
            // pass.
            if (text.charAt(i) > 127) {
                throw Reason.BAD_USERNAME.refuse();
            }
        }
        String bare = text.startsWith("@") ? text.substring(1) : text;
        return new Username(bare.toLowerCase(Locale.ROOT));
    }

    /** {@code "@alice"}. */
    public String at() {
        return "@" + bare;
    }

    @Override
    public String toString() {
        return "Username";
    }
}
