// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;

/** Reads {@code KEY=value} and {@code KEY="quoted value"} out of a line of the control protocol. */
final class Keywords {
    private Keywords() {}

    static String value(String line, String key) throws IOException {
        int at = 0;
        while (at < line.length()) {
            int end = wordEnd(line, at);
            if (line.startsWith(key + "=", at)) {
                return unquote(line.substring(at + key.length() + 1, end));
            }
            at = end + 1;
        }
        throw new IOException("tor's line has no " + key);
    }

    /** The index of the space that ends the word, spaces within quotes not counted. */
    private static int wordEnd(String line, int start) {
        boolean quoted = false;
        for (int i = start; i < line.length(); i++) {
            char c = line.charAt(i);
            if (quoted && c == '\\') {
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ' ' && !quoted) {
                return i;
            }
        }
        return line.length();
    }

    private static String unquote(String word) {
        if (word.length() < 2 || !word.startsWith("\"") || !word.endsWith("\"")) {
            return word;
        }
        StringBuilder plain = new StringBuilder();
        for (int i = 1; i < word.length() - 1; i++) {
            char c = word.charAt(i);
            if (c == '\\' && i + 2 < word.length()) {
                i++;
                c = word.charAt(i);
            }
            plain.append(c);
        }
        return plain.toString();
    }
}
