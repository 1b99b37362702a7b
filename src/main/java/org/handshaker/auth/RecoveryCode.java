// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.handshaker.core.Secret;
import org.handshaker.core.Secrets;

/** A code for the drawer: 80 random bits as {@code 4x9m-w2kr-5fhz-v7tq}, in letters that are not mistaken for each other. */
record RecoveryCode(Secret bare) implements AutoCloseable {
    static final int PER_USER = 10;
    private static final int CHARS = 16;
    private static final int GROUP = 4;
    /** Crockford's base 32: no i, l, o, u. */
    private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

    static List<RecoveryCode> fresh() {
        return Stream.generate(RecoveryCode::random).distinct().limit(PER_USER).toList();
    }

    private static RecoveryCode random() {
        byte[] random = Secrets.randomBytes(CHARS);
        char[] code = new char[CHARS];
        for (int i = 0; i < CHARS; i++) {
            code[i] = ALPHABET.charAt(random[i] & 31);
        }
        Arrays.fill(random, (byte) 0);
        return taking(code);
    }

    /** As a person types it: capitals, spaces, hyphens and look-alikes do not matter. What is no code fits no code. */
    static RecoveryCode parse(char[] typed) {
        char[] room = new char[typed.length];
        int length = 0;
        for (char letter : typed) {
            if (letter != '-' && !isSpace(letter)) {
                room[length++] = plain(Character.toLowerCase(letter));
            }
        }
        char[] code = Arrays.copyOf(room, length);
        Arrays.fill(room, '\0');
        return taking(code);
    }

    private static boolean isSpace(char letter) {
        return letter == ' ' || (letter >= '\t' && letter <= '\r');
    }

    private static char plain(char letter) {
        return switch (letter) {
            case 'o' -> '0';
            case 'i', 'l' -> '1';
            default -> letter;
        };
    }

    private static RecoveryCode taking(char[] code) {
        RecoveryCode taken = new RecoveryCode(Secret.of(code));
        Arrays.fill(code, '\0');
        return taken;
    }

    /** As it is shown, in groups; the caller wipes it. */
    char[] text() {
        char[] code = bare.chars();
        char[] text = new char[code.length + (code.length - 1) / GROUP];
        Arrays.fill(text, '-');
        for (int i = 0; i < code.length; i++) {
            text[i + i / GROUP] = code[i];
        }
        Arrays.fill(code, '\0');
        return text;
    }

    @Override
    public void close() {
        bare.close();
    }

    @Override
    public String toString() {
        return "RecoveryCode";
    }
}
