// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.websocket.core.exception.BadPayloadException;
import org.eclipse.jetty.websocket.core.exception.MessageTooLargeException;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.jspecify.annotations.Nullable;

/**
 * Makes one text, in its UTF-8, of the frames of a message (RFC 6455, sections 5.4 and 5.6). Nearly every message is one frame of
 * plain ASCII, which is copied and not read letter by letter: that would cost more than all else that is done with it.
 *
 * <p>What is begun and not complete is held for whoever may never end it, so it is counted for all sockets together, and given
 * back by {@link #end}. A piece costs what it brings: however many come, bytes are moved twice at most on average.
 */
public final class TextMessage {
    private static final byte[] NOTHING = {};
    /** Of eight bytes, the bits that no ASCII letter has. */
    private static final long ABOVE_ASCII = 0x8080_8080_8080_8080L;

    private final AtomicLong everywhere;
    private final long everywhereMax;
    private byte[] begun = NOTHING;
    private int length;
    private boolean isBegun;
    private long begunNanos;
    private boolean isOver;

    /** @param everywhere bytes held by all sockets together */
    public TextMessage(AtomicLong everywhere) {
        this(everywhere, Limits.BYTES_IN_ALL_MAX);
    }

    TextMessage(AtomicLong everywhere, long everywhereMax) {
        this.everywhere = everywhere;
        this.everywhereMax = everywhereMax;
    }

    /**
     * Takes the next frame, or as much of it as has come.
     *
     * @param bytesMax of the whole message
     * @return the text with the end of a message; null before, and after {@link #end}
     * @throws MessageTooLargeException which closes the socket with 1009
     * @throws BadPayloadException for what is not UTF-8, which closes it with 1007
     * @throws Refused {@code busy} when all sockets together hold too much, and this one more than a share
     */
    public synchronized byte @Nullable [] add(ByteBuffer payload, boolean isLast, int bytesMax, long nowNanos) {
        int more = payload.remaining();
        if (more > bytesMax - length) {
            throw new MessageTooLargeException("too large");
        }
        if (isOver) {
            return null;
        }
        if (isLast && !isBegun) {
            byte[] whole = new byte[more];
            payload.get(whole);
            requireUtf8(whole);
            return whole;
        }
        if (!isBegun) {
            isBegun = true;
            begunNanos = nowNanos;
        }
        makeRoom(length + more, bytesMax);
        payload.get(begun, length, more);
        length += more;
        if (!isLast) {
            return null;
        }
        try {
            byte[] whole = begun.length == length ? begun : Arrays.copyOf(begun, length);
            requireUtf8(whole);
            return whole;
        } finally {
            letGo();
        }
    }

    private void makeRoom(int needed, int bytesMax) {
        if (needed <= begun.length) {
            return;
        }
        int room = Math.min(bytesMax, Math.max(needed, 2 * begun.length));
        int added = room - begun.length;
        if (everywhere.addAndGet(added) > everywhereMax && room > Limits.BYTES_IN_SHARE) {
            everywhere.addAndGet(-added);
            throw Reason.BUSY.refuse();
        }
        begun = Arrays.copyOf(begun, room);
    }

    private void letGo() {
        everywhere.addAndGet(-begun.length);
        begun = NOTHING;
        length = 0;
        isBegun = false;
    }

    /** Whether a message was begun too long ago. */
    public synchronized boolean isOverdue(long nowNanos) {
        return isBegun && nowNanos - begunNanos >= Limits.MESSAGE_WAIT.toNanos();
    }

    /** The socket has gone: nothing is held from here on. */
    public synchronized void end() {
        isOver = true;
        letGo();
    }

    private static void requireUtf8(byte[] bytes) {
        if (isAscii(bytes)) {
            return;
        }
        try {
            var unused = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
        } catch (CharacterCodingException malformed) {
            throw new BadPayloadException("not UTF-8");
        }
    }

    private static boolean isAscii(byte[] bytes) {
        ByteBuffer eight = ByteBuffer.wrap(bytes);
        long bits = 0;
        while (eight.remaining() >= Long.BYTES) {
            bits |= eight.getLong();
        }
        while (eight.hasRemaining()) {
            bits |= eight.get();
        }
        return (bits & ABOVE_ASCII) == 0;
    }
}
