// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.eclipse.jetty.io.RetainableByteBuffer;
import org.handshaker.core.Limits;
import org.junit.jupiter.api.Test;

class BuffersTest {
    private static final int SOCKET_BYTES = 32 * 1_024;

    private final Buffers buffers = new Buffers();

    @Test
    void aBufferOfHttpIsHandedToOneConnectionOnly() {
        ByteBuffer first = usedOnce(Limits.HEADER_BYTES_MAX);
        ByteBuffer second = usedOnce(Limits.HEADER_BYTES_MAX);
        assertNotSame(first, second);
        assertEquals(Limits.HEADER_BYTES_MAX, second.capacity());
    }

    @Test
    void whatWasInABufferOfHttpIsGoneWithItsUse() {
        RetainableByteBuffer.Mutable buffer = buffers.acquire(Limits.HEADER_BYTES_MAX, true);
        byte[] bytes = buffer.getByteBuffer().array();
        assertTrue(buffer.append(ByteBuffer.wrap("a password".getBytes(UTF_8))));
        assertEquals('a', bytes[0]);
        assertTrue(buffer.release());
        assertArrayEquals(new byte[Limits.HEADER_BYTES_MAX], bytes);
    }

    @Test
    void aSocketsBufferIsUsedAgain() {
        assertSame(usedOnce(SOCKET_BYTES), usedOnce(SOCKET_BYTES));
    }

    private ByteBuffer usedOnce(int bytes) {
        RetainableByteBuffer buffer = buffers.acquire(bytes, true);
        ByteBuffer used = buffer.getByteBuffer();
        assertEquals(0, used.remaining());
        assertTrue(buffer.release());
        return used;
    }
}
