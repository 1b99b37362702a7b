// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.util.Arrays;

/**
 * An e-mail address as nearly everyone has one: a dot-string, {@code @}, a domain name of two labels at least (RFC 5321, section
 * 4.1.2, without quotes, literals and what is not ASCII), folded to lower case. It holds no character with which a line of SMTP
 * or a header could be left. Never text: it can be wiped, and does not print itself.
 */
public final class MailAddress {
    private static final int CHARS_MAX = 254;
    private static final int LOCAL_CHARS_MAX = 64;
    private static final int LABEL_CHARS_MAX = 63;
    private static final String ATEXT_MARKS = "!#$%&'*+-/=?^_`{|}~";

    private final char[] chars;

    private MailAddress(char[] chars) {
        this.chars = chars;
    }

    /**
     * Reads an address; {@code bad_email} for what is none.
     *
     * @param text stays the caller's, who wipes it
     */
    public static MailAddress parse(char[] text) {
        if (text.length > CHARS_MAX) {
            throw Reason.BAD_EMAIL.refuse();
        }
        char[] folded = text.clone();
        int at = -1;
        for (int i = 0; i < folded.length; i++) {
            char one = folded[i];
            folded[i] = one >= 'A' && one <= 'Z' ? (char) (one + ('a' - 'A')) : one;
            at = one == '@' && at < 0 ? i : at;
        }
        if (at < 1 || at > LOCAL_CHARS_MAX || !isLocal(folded, at) || !isDomain(folded, at + 1)) {
            Arrays.fill(folded, '\0');
            throw Reason.BAD_EMAIL.refuse();
        }
        return new MailAddress(folded);
    }

    /** Words of letters, digits and marks (RFC 5322, section 3.2.3) with single dots between them. */
    private static boolean isLocal(char[] text, int end) {
        boolean isWord = false;
        for (int i = 0; i < end; i++) {
            boolean isDot = text[i] == '.';
            if (isDot ? !isWord : !isAlphanumeric(text[i]) && ATEXT_MARKS.indexOf(text[i]) < 0) {
                return false;
            }
            isWord = !isDot;
        }
        return isWord;
    }

    /** Labels of letters, digits and inner hyphens; the last one begins with a letter, or it would be an IP address. */
    private static boolean isDomain(char[] text, int start) {
        int labels = 0;
        for (int from = start; from <= text.length; ) {
            int to = from;
            while (to < text.length && text[to] != '.') {
                if (!isAlphanumeric(text[to]) && text[to] != '-') {
                    return false;
                }
                to++;
            }
            if (to == from || to - from > LABEL_CHARS_MAX || text[from] == '-' || text[to - 1] == '-') {
                return false;
            }
            labels++;
            if (to == text.length) {
                return labels > 1 && text[from] >= 'a';
            }
            from = to + 1;
        }
        return false;
    }

    private static boolean isAlphanumeric(char one) {
        return (one >= 'a' && one <= 'z') || (one >= '0' && one <= '9');
    }

    /** The address itself, which {@link #wipe} overwrites; not to be changed. */
    public char[] chars() {
        return chars;
    }

    /** A copy, for the caller to wipe. */
    public byte[] ascii() {
        byte[] ascii = new byte[chars.length];
        for (int i = 0; i < chars.length; i++) {
            ascii[i] = (byte) chars[i];
        }
        return ascii;
    }

    public void wipe() {
        Arrays.fill(chars, '\0');
    }

    @Override
    public String toString() {
        return "MailAddress";
    }
}
