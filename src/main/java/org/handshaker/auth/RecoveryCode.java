// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.handshaker.core.Secrets;

/** A code for the drawer: 80 random bits as {@code 4x9m-w2kr-5fhz-v7tq}, in letters that are not mistaken for each other. */
record RecoveryCode(String bare) {
    static final int PER_USER = 10;
    private static final int CHARS = 16;
    private static final int GROUP = 4;
    /** Crockford's base 32: no i, l, o, u. */
    private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

    static List<RecoveryCode> fresh() {
        return Stream.generate(RecoveryCode::random).distinct().limit(PER_USER).toList();
    }

    private static RecoveryCode random() {
        StringBuilder code = new StringBuilder(CHARS);
        for (byte random : Secrets.randomBytes(CHARS)) {
            code.append(ALPHABET.charAt(random & 31));
        }
        return new RecoveryCode(code.toString());
    }

    /** As a person types it: capitals, spaces, hyphens and look-alikes do not matter. What is no code fits no code. */
    static RecoveryCode parse(String typed) {
        return new RecoveryCode(typed.toLowerCase(Locale.ROOT)
                .replaceAll("[\\s-]", "")
                .replace('o', '0')
                .replace('i', '1')
                .replace('l', '1'));
    }

    String text() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < bare.length(); i += GROUP) {
            text.append(i == 0 ? "" : "-").append(bare, i, i + GROUP);
        }
        return text.toString();
    }

    byte[] bytes() {
        return bare.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return "RecoveryCode";
    }
}
