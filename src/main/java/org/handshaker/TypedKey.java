// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.handshaker.core.Unusable;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/** A master key that is typed, or piped in as one line: 64 hexadecimal digits, or the 44 characters of base64. */
final class TypedKey {
    private static final int LINE_BYTES_MAX = 128;

    private TypedKey() {}

    /** @param console where nothing that is typed is shown; null where the input is no terminal */
    static byte[] read(@Nullable Console console, InputStream input) {
        byte[] line = console == null ? line(input) : typed(console);
        try {
            return parse(line);
        } finally {
            Arrays.fill(line, (byte) 0);
        }
    }

    private static byte[] typed(Console console) {
        char @Nullable [] characters = console.readPassword("Master key: ");
        if (characters == null) {
            return new byte[0];
        }
        byte[] line = new byte[characters.length];
        for (int i = 0; i < line.length; i++) {
            line[i] = characters[i] < 128 ? (byte) characters[i] : 0;
        }
        Arrays.fill(characters, '\0');
        return line;
    }

    private static byte[] line(InputStream input) {
        byte[] line = new byte[LINE_BYTES_MAX];
        int length = 0;
        try {
            for (int next = input.read(); next >= 0 && next != '\n' && length < line.length; next = input.read()) {
                line[length++] = (byte) next;
            }
        } catch (IOException closed) {
            length = 0;
        }
        byte[] whole = Arrays.copyOf(line, length > 0 && line[length - 1] == '\r' ? length - 1 : length);
        Arrays.fill(line, (byte) 0);
        return whole;
    }

    /** Never tells what it could not read. */
    static byte[] parse(byte[] line) {
        try {
            byte[] key = line.length == 2 * Vault.MASTER_BYTES
                    ? hex(line)
                    : Base64.getDecoder().decode(line);
            if (key.length == Vault.MASTER_BYTES) {
                return key;
            }
        } catch (IllegalArgumentException neither) {
            throw refusal();
        }
        throw refusal();
    }

    private static byte[] hex(byte[] line) {
        byte[] key = new byte[line.length / 2];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (HexFormat.fromHexDigit(line[2 * i]) << 4 | HexFormat.fromHexDigit(line[2 * i + 1]));
        }
        return key;
    }

    private static Unusable refusal() {
        return new Unusable("The master key is 64 hexadecimal digits, or 44 characters of base64, on one line."
                + " Nothing was touched.");
    }
}
