// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.io.content.AsyncContent;
import org.eclipse.jetty.util.Callback;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked // hands over nothing where something is expected, on purpose
class BodyReaderTest {
    private static final int BYTES_MAX = 10;

    private final AsyncContent content = new AsyncContent();
    private final AtomicLong nanos = new AtomicLong();
    private final AtomicLong everywhere = new AtomicLong();
    private final CompletableFuture<byte[]> body =
            BodyReader.read(content, BYTES_MAX, nanos::get, everywhere, Long.MAX_VALUE);

    @Test
    void putsTogetherWhatComesInPieces() throws Exception {
        write(1, 2, 3);
        assertFalse(body.isDone());
        write(4);
        content.close();
        assertArrayEquals(new byte[] {1, 2, 3, 4}, body.get());
    }

    @Test
    void takesNoBodyForAnEmptyOne() throws Exception {
        content.close();
        assertEquals(0, body.get().length);
    }

    @Test
    void takesExactlyItsLimit() throws Exception {
        write(new byte[BYTES_MAX]);
        content.close();
        assertEquals(BYTES_MAX, body.get().length);
    }

    @Test
    void drainsWhatIsTooLongBeforeItRefuses() {
        write(new byte[BYTES_MAX + 1]);
        assertFalse(body.isDone(), "the client is still sending");
        write(new byte[1_000]);
        assertFalse(body.isDone());
        content.close();
        assertEquals(Reason.TOO_LARGE, refusal());
    }

    @Test
    void drainsNoMoreThanFourMebibytes() {
        byte[] mebibyte = new byte[1_024 * 1_024];
        for (int i = 0; i < 4; i++) {
            write(mebibyte);
            assertFalse(body.isDone());
        }
        write(new byte[BYTES_MAX + 1]);
        assertEquals(Reason.TOO_LARGE, refusal());
    }

    @Test
    void givesUpOnABodyThatDrips() {
        write(1);
        nanos.addAndGet(Limits.BODY_WAIT.toNanos());
        write(2);
        assertFalse(body.isDone());
        nanos.addAndGet(1);
        write(3);
        assertEquals(Reason.MALFORMED, refusal());
    }

    @Test
    void aBodyThatIsThereAtLastIsTaken() throws Exception {
        write(1);
        nanos.addAndGet(Limits.BODY_WAIT.toNanos() + 1);
        content.close();
        assertArrayEquals(new byte[] {1}, body.get());
    }

    @Test
    void aBodyThatBreaksOffIsMalformed() {
        write(1);
        content.fail(new IOException("gone"));
        assertEquals(Reason.MALFORMED, refusal());
    }

    /** However many begin long bodies and never end them: past the bound only short ones are taken. */
    @Test
    void whatIsKeptOfAllIsBounded() throws Exception {
        int longest = 4 * Limits.BODY_BYTES_MAX;
        write(1);
        assertEquals(1, everywhere.get());
        AsyncContent first = new AsyncContent();
        AsyncContent second = new AsyncContent();
        AsyncContent third = new AsyncContent();
        var kept = BodyReader.read(first, longest, nanos::get, everywhere, longest + 1);
        var refused = BodyReader.read(second, longest, nanos::get, everywhere, longest + 1);
        var small = BodyReader.read(third, longest, nanos::get, everywhere, longest + 1);
        first.write(false, ByteBuffer.allocate(longest), Callback.NOOP);
        second.write(false, ByteBuffer.allocate(Limits.BODY_BYTES_MAX), Callback.NOOP);
        third.write(false, ByteBuffer.allocate(Limits.BODY_BYTES_MAX), Callback.NOOP);
        assertFalse(refused.isDone());
        second.write(false, ByteBuffer.allocate(1), Callback.NOOP);
        ExecutionException failed = assertThrows(ExecutionException.class, refused::get);
        assertEquals(Reason.BUSY, ((Refused) failed.getCause()).reason());
        assertEquals(1 + longest + Limits.BODY_BYTES_MAX, everywhere.get());
        third.close();
        assertEquals(Limits.BODY_BYTES_MAX, small.get().length);
        first.fail(new IOException("gone"));
        assertThrows(ExecutionException.class, kept::get);
        content.close();
        assertEquals(0, everywhere.get());
    }

    private void write(int... bytes) {
        byte[] piece = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            piece[i] = (byte) bytes[i];
        }
        write(piece);
    }

    private void write(byte[] piece) {
        content.write(false, ByteBuffer.wrap(piece), Callback.NOOP);
    }

    private Reason refusal() {
        ExecutionException failed = assertThrows(ExecutionException.class, body::get);
        return ((Refused) failed.getCause()).reason();
    }
}
