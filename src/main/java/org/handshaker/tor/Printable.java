// SPDX-License-Identifier: MIT
package org.handshaker.tor;

/** Text that came from another process, made fit for an operator's terminal: printable ASCII, and not much of it. */
final class Printable {
    private static final int CHARS_MAX = 160;

    private Printable() {}

    static String of(String text) {
        StringBuilder clean = new StringBuilder();
        for (int i = 0; i < text.length() && clean.length() < CHARS_MAX; i++) {
            char c = text.charAt(i);
            clean.append(c >= ' ' && c < 127 ? c : '?');
        }
        return clean.toString();
    }
}
