// SPDX-License-Identifier: MIT
package org.handshaker.rooms;

import org.handshaker.core.Limits;
import org.handshaker.core.Reason;

/** What a public room is about: one line that looks like what it is. */
record Topic(String text) {
    Topic {
        text = text.strip();
        if (text.isEmpty()
                || text.length() > Limits.TOPIC_CHARS_MAX
                || !text.codePoints().allMatch(Topic::isPlain)) {
            throw Reason.MALFORMED.refuse(
                    "A topic is one line of 1 to " + Limits.TOPIC_CHARS_MAX + " characters that can be seen.");
        }
    }

    /** Neither a control character, nor one that turns the direction of reading, nor half a character. */
    private static boolean isPlain(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.SURROGATE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default ->
                !(codePoint >= 0x200e && codePoint <= 0x200f)
                        && !(codePoint >= 0x202a && codePoint <= 0x202e)
                        && !(codePoint >= 0x2066 && codePoint <= 0x2069);
        };
    }
}
