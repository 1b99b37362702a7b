// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.websocket.core.exception.BadPayloadException;
import org.eclipse.jetty.websocket.core.exception.MessageTooLargeException;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.junit.jupiter.api.Test;

/** What a message in pieces costs whoever puts it together. */
class TextMessageTest {
    private static final int BYTES_MAX = Limits.FRAME_BYTES_MAX;

    private final AtomicLong everywhere = new AtomicLong();
    private final TextMessage message = new TextMessage(everywhere);

    /** Six bytes on the wire must not have hundreds of thousands copied. */
    @Test
    void piecesCostWhatTheyBring() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        ByteBuffer large = ByteBuffer.allocate(BYTES_MAX - 5_000);
        assertNull(message.add(large, false, BYTES_MAX, 0));
        long thread = Thread.currentThread().getId();
        long before = threads.getThreadAllocatedBytes(thread);
        for (int i = 0; i < 5_000; i++) {
            assertNull(message.add(ByteBuffer.allocate(0), false, BYTES_MAX, 0));
            assertNull(message.add(ByteBuffer.allocate(1), false, BYTES_MAX, 0));
        }
        long allocated = threads.getThreadAllocatedBytes(thread) - before;
        assertTrue(allocated < 8L * BYTES_MAX, allocated + " bytes");
        assertThrows(MessageTooLargeException.class, () -> message.add(ByteBuffer.allocate(1), false, BYTES_MAX, 0));
        byte[] text = message.add(ByteBuffer.allocate(0), true, BYTES_MAX, 0);
        assertEquals(BYTES_MAX, text == null ? -1 : text.length);
        assertEquals(0, everywhere.get());
    }

    @Test
    void whatIsHeldByAllIsBounded() {
        long max = 10L * BYTES_MAX;
        List<TextMessage> all = new ArrayList<>();
        int refused = 0;
        for (int i = 0; i < 15; i++) {
            TextMessage one = new TextMessage(everywhere, max);
            all.add(one);
            try {
                assertNull(one.add(ByteBuffer.allocate(BYTES_MAX), false, BYTES_MAX, 0));
            } catch (org.handshaker.core.Refused busy) {
                assertEquals(Reason.BUSY, busy.reason());
                refused++;
            }
        }
        assertEquals(5, refused);
        assertEquals(max, everywhere.get());
        TextMessage late = new TextMessage(everywhere, max);
        assertNull(late.add(ByteBuffer.allocate(Limits.BYTES_IN_SHARE), false, BYTES_MAX, 0));
        assertRefused(Reason.BUSY, () -> late.add(ByteBuffer.allocate(1), false, BYTES_MAX, 0));
        // Nobody waits for a message that is whole.
        assertArrayEquals(
                new byte[1], new TextMessage(everywhere, max).add(ByteBuffer.allocate(1), true, BYTES_MAX, 0));
        late.end();
        all.forEach(TextMessage::end);
        assertEquals(0, everywhere.get());
    }

    /** RFC 6455, section 8.1: wherever in the message it is, and however it comes. */
    @Test
    void onlyUtf8IsText() {
        List<byte[]> malformed = List.of(
                new byte[] {(byte) 0x80},
                new byte[] {(byte) 0xc0, (byte) 0x80},
                new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
                new byte[] {(byte) 0xf4, (byte) 0x90, (byte) 0x80, (byte) 0x80},
                new byte[] {(byte) 0xe2, (byte) 0x82});
        byte[] euro = "\u20ac".getBytes(StandardCharsets.UTF_8);
        for (int before = 0; before < 20; before++) {
            for (byte[] bytes : malformed) {
                ByteBuffer whole = after(before, bytes);
                assertThrows(BadPayloadException.class, () -> message.add(whole, true, BYTES_MAX, 0));
                assertNull(message.add(after(before, new byte[0]), false, BYTES_MAX, 0));
                assertThrows(BadPayloadException.class, () -> message.add(ByteBuffer.wrap(bytes), true, BYTES_MAX, 0));
            }
            byte[] right = after(before, euro).array();
            assertArrayEquals(right, message.add(ByteBuffer.wrap(right), true, BYTES_MAX, 0));
            assertNull(message.add(after(before, Arrays.copyOf(euro, 1)), false, BYTES_MAX, 0));
            assertArrayEquals(right, message.add(ByteBuffer.wrap(euro, 1, 2), true, BYTES_MAX, 0));
        }
        assertEquals(0, everywhere.get());
    }

    private static ByteBuffer after(int letters, byte[] bytes) {
        byte[] all = new byte[letters + bytes.length];
        Arrays.fill(all, 0, letters, (byte) 'x');
        System.arraycopy(bytes, 0, all, letters, bytes.length);
        return ByteBuffer.wrap(all);
    }

    @Test
    void whoeverHasGoneHoldsNothing() {
        assertNull(message.add(ByteBuffer.allocate(9), false, BYTES_MAX, 0));
        assertEquals(9, everywhere.get());
        message.end();
        assertNull(message.add(ByteBuffer.allocate(9), false, BYTES_MAX, 0));
        assertNull(message.add(ByteBuffer.allocate(9), true, BYTES_MAX, 0));
        assertEquals(0, everywhere.get());
    }

    @Test
    void aMessageIsOverdueFromItsFirstPieceOn() {
        long wait = Limits.MESSAGE_WAIT.toNanos();
        assertFalse(message.isOverdue(wait));
        assertNull(message.add(ByteBuffer.allocate(0), false, BYTES_MAX, 5));
        assertNull(message.add(ByteBuffer.allocate(1), false, BYTES_MAX, wait));
        assertFalse(message.isOverdue(wait + 4));
        assertTrue(message.isOverdue(wait + 5));
        message.add(ByteBuffer.allocate(1), true, BYTES_MAX, wait + 5);
        assertFalse(message.isOverdue(2 * wait));
    }
}
