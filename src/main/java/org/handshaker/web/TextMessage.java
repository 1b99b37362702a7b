// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.eclipse.jetty.websocket.core.exception.BadPayloadException;
import org.eclipse.jetty.websocket.core.exception.MessageTooLargeException;
import org.handshaker.core.Limits;
import org.jspecify.annotations.Nullable;

/**
 * Makes one text of the frames of a message (RFC 6455, sections 5.4 and 5.6), at most {@link Limits#FRAME_BYTES_MAX} bytes of
 * it. Nearly every message is one frame of plain ASCII, which is copied and not read letter by letter: that would cost more
 * than all else that is done with it. Not safe for use by several threads.
 */
public final class TextMessage {
    private static final byte[] NOTHING = {};

    private byte[] begun = NOTHING;

    /**
     * Takes the next frame.
     *
     * @return the text with the last frame of a message; null before
     * @throws MessageTooLargeException which closes the socket with 1009
     * @throws BadPayloadException for what is not UTF-8, which closes it with 1007
     */
    public @Nullable String add(ByteBuffer payload, boolean isLast) {
        if (begun.length + payload.remaining() > Limits.FRAME_BYTES_MAX) {
            throw new MessageTooLargeException("too large");
        }
        byte[] bytes = Arrays.copyOf(begun, begun.length + payload.remaining());
        payload.get(bytes, begun.length, payload.remaining());
        begun = isLast ? NOTHING : bytes;
        return isLast ? text(bytes) : null;
    }

    private static String text(byte[] utf8) {
        String text = new String(utf8, StandardCharsets.UTF_8);
        if (text.indexOf('\uFFFD') >= 0) {
            // Sent like this, or put where something could not be read.
            requireUtf8(utf8);
        }
        return text;
    }

    private static void requireUtf8(byte[] bytes) {
        try {
            var unused = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
        } catch (CharacterCodingException malformed) {
            throw new BadPayloadException("not UTF-8");
        }
    }
}
