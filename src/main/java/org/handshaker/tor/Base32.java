// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.util.Arrays;

/** Base 32 of 32 bytes without padding (RFC 4648, section 6), as tor writes the keys of its clients: 52 characters. */
final class Base32 {
    static final int CHARS = 52;

    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private static final int BYTES = 32;

    private Base32() {}

    static String encode(byte[] key) {
        if (key.length != BYTES) {
            throw new IllegalStateException("a key has 32 bytes");
        }
        StringBuilder text = new StringBuilder(CHARS);
        for (int bit = 0; bit < BYTES * 8; bit += 5) {
            int two = (key[bit / 8] & 0xFF) << 8 | (bit / 8 + 1 < BYTES ? key[bit / 8 + 1] & 0xFF : 0);
            text.append(ALPHABET.charAt(two >> (11 - bit % 8) & 31));
        }
        return text.toString();
    }

    /** @throws IllegalArgumentException if this is not the one spelling of 32 bytes, in capitals or not */
    static byte[] decode(String text) {
        byte[] key = new byte[BYTES + 1];
        if (text.length() != CHARS) {
            throw new IllegalArgumentException("a key has 52 characters");
        }
        for (int i = 0; i < CHARS; i++) {
            int value = ALPHABET.indexOf(Character.toUpperCase(text.charAt(i)));
            if (value < 0) {
                throw new IllegalArgumentException("a key has letters and the digits 2 to 7");
            }
            int shifted = value << (11 - i * 5 % 8);
            key[i * 5 / 8] |= (byte) (shifted >> 8);
            key[i * 5 / 8 + 1] |= (byte) shifted;
        }
        if (key[BYTES] != 0) {
            throw new IllegalArgumentException("a key has 32 bytes");
        }
        return Arrays.copyOf(key, BYTES);
    }
}
