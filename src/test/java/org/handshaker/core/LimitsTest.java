// SPDX-License-Identifier: MIT
package org.handshaker.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LimitsTest {
    /** Thousands who let a share of theirs pile up must not fill the heap together. */
    @Test
    void theMorePilesUpTheSmallerIsAShare() {
        long bound = Limits.BYTES_OUT_ALL_MAX;
        assertEquals(Limits.BYTES_OUT_MAX, Limits.bytesOutMax(bound));
        assertEquals(Limits.BYTES_OUT_SHARE, Limits.bytesOutMax(bound + 1));
        assertEquals(Limits.BYTES_OUT_SHARE, Limits.bytesOutMax(2 * bound));
        assertEquals(Limits.BYTES_OUT_LEAST, Limits.bytesOutMax(2 * bound + 1));
    }

    /** What strangers can have held, of all kinds at once and with every place taken, is less than the launcher's heap. */
    @Test
    void allThatStrangersCanHaveHeldFitsTheHeap() {
        long heap = 512L * 1_024 * 1_024;
        long messages = heap / 8 + (long) Limits.SOCKETS_MAX * Limits.BYTES_IN_SHARE;
        long bodies = heap / 8;
        long names = 12_000L * (Limits.JSON_NAME_CHARS_MAX + 56);
        assertTrue(messages + bodies + names < heap / 4 * 3, "what is begun");
        long unread = 2 * (heap / 16) + (long) Limits.SOCKETS_MAX * Limits.BYTES_OUT_LEAST;
        assertTrue(unread < heap / 4 * 3, "what is not read");
    }
}
