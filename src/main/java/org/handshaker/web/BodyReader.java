// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Reads a request's body as it arrives, without a waiting thread: at most the route's limit is kept, up to 4 MiB more is
 * drained so that the refusal reaches a client that is still sending, and what drips for longer than a minute is given up.
 * What is kept of all bodies that are not complete is bounded: past that, one that is longer than most is {@code busy}.
 */
final class BodyReader implements Runnable {
    private static final String BROKE_OFF = "The body broke off.";

    private final Content.Source source;
    private final int bytesMax;
    private final LongSupplier nanos;
    /** Kept by all readers together. */
    private final AtomicLong everywhere;

    private final long everywhereMax;
    private final long beganNanos;
    private final Kept kept = new Kept();
    private final CompletableFuture<byte[]> done = new CompletableFuture<>();
    private int total;

    private BodyReader(
            Content.Source source, int bytesMax, LongSupplier nanos, AtomicLong everywhere, long everywhereMax) {
        this.source = source;
        this.bytesMax = bytesMax;
        this.nanos = nanos;
        this.everywhere = everywhere;
        this.everywhereMax = everywhereMax;
        this.beganNanos = nanos.getAsLong();
    }

    /** @param everywhere kept by all readers together */
    static CompletableFuture<byte[]> read(Request request, int bytesMax, AtomicLong everywhere) {
        if (request.getLength() > (long) bytesMax + Limits.DRAIN_BYTES_MAX
                || (expectsContinue(request) && request.getLength() > bytesMax)) {
            return CompletableFuture.failedFuture(Reason.TOO_LARGE.refuse());
        }
        return read(request, bytesMax, System::nanoTime, everywhere, Limits.BODIES_BYTES_MAX);
    }

    static CompletableFuture<byte[]> read(
            Content.Source source, int bytesMax, LongSupplier nanos, AtomicLong everywhere, long everywhereMax) {
        BodyReader reader = new BodyReader(source, bytesMax, nanos, everywhere, everywhereMax);
        var unused = reader.done.whenComplete((body, failed) -> everywhere.addAndGet(-reader.kept.length));
        reader.run();
        return reader.done;
    }

    /** Reads a body that nobody wants, within the same bounds; ends, one way or the other, when the client can be answered. */
    static CompletableFuture<byte[]> drain(Request request) {
        return read(request, 0, new AtomicLong());
    }

    /** Such a client waits for leave before it sends; refusing at once saves both the drain. */
    private static boolean expectsContinue(Request request) {
        return request.getHeaders().contains(HttpHeader.EXPECT, "100-continue");
    }

    @Override
    public void run() {
        while (true) {
            Content.@Nullable Chunk chunk = source.read();
            if (chunk == null) {
                source.demand(this);
                return;
            }
            if (Content.Chunk.isFailure(chunk)) {
                done.completeExceptionally(Reason.MALFORMED.refuse(BROKE_OFF));
                return;
            }
            ByteBuffer bytes = chunk.getByteBuffer();
            total += bytes.remaining();
            if (total <= bytesMax) {
                if (everywhere.addAndGet(bytes.remaining()) > everywhereMax && total > Limits.BODY_BYTES_MAX) {
                    everywhere.addAndGet(-bytes.remaining());
                    chunk.release();
                    done.completeExceptionally(Reason.BUSY.refuse());
                    return;
                }
                kept.add(bytes);
            }
            chunk.release();
            if (chunk.isLast()) {
                finish();
                return;
            }
            if (total > (long) bytesMax + Limits.DRAIN_BYTES_MAX) {
                done.completeExceptionally(Reason.TOO_LARGE.refuse());
                return;
            }
            if (nanos.getAsLong() - beganNanos > Limits.BODY_WAIT.toNanos()) {
                done.completeExceptionally(Reason.MALFORMED.refuse("The body took too long."));
                return;
            }
        }
    }

    /** It may hold a password: of what it grew out of, and of itself when it was taken, nothing stays behind. */
    private static final class Kept {
        private static final int BYTES = 512;

        private byte[] room = new byte[BYTES];
        private int length;

        void add(ByteBuffer bytes) {
            int needed = length + bytes.remaining();
            if (needed > room.length) {
                grow(Math.max(needed, 2 * room.length));
            }
            int count = bytes.remaining();
            bytes.get(room, length, count);
            length += count;
        }

        private void grow(int size) {
            byte[] larger = Arrays.copyOf(room, size);
            Arrays.fill(room, (byte) 0);
            room = larger;
        }

        byte[] take() {
            byte[] taken = Arrays.copyOf(room, length);
            Arrays.fill(room, (byte) 0);
            return taken;
        }
    }

    private void finish() {
        if (source instanceof Request request && request.getLength() >= 0 && request.getLength() != total) {
            // Where a connection is ended, another thread consumes what is left of its body: never a body with a hole.
            done.completeExceptionally(Reason.MALFORMED.refuse(BROKE_OFF));
        } else if (total > bytesMax) {
            done.completeExceptionally(Reason.TOO_LARGE.refuse());
        } else {
            done.complete(kept.take());
        }
    }
}
