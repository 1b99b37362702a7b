// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.io.RetainableByteBuffer;
import org.handshaker.core.Limits;

/**
 * Where Jetty gets its buffers. Those of HTTP serve one connection and are never handed to another (decision 20): Jetty 12.1 gives back the
 * buffer of a request whose head it cannot parse while the thread that answered it goes on to read into it, and does the like
 * where the idle time runs out just as bytes come. From a pool that buffer would by then be another connection's, so that
 * bytes of one could come out of the other. What sockets use is larger, has no such race, and is pooled for its cost.
 */
final class Buffers implements ByteBufferPool {
    private final ByteBufferPool pool = new ArrayByteBufferPool();

    @Override
    public RetainableByteBuffer.Mutable acquire(int size, boolean direct) {
        if (size > Limits.HEADER_BYTES_MAX) {
            return pool.acquire(size, direct);
        }
        // On the heap, whatever was asked for: a direct buffer that is used once costs ten times as much.
        byte[] room = new byte[size];
        // There may have been a password in it.
        return RetainableByteBuffer.wrap(ByteBuffer.wrap(room).limit(0), () -> Arrays.fill(room, (byte) 0));
    }

    @Override
    public void clear() {
        pool.clear();
    }
}
