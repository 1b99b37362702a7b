// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class StrainTest {
    @Test
    void theFullestOfWhatIsWatchedCounts() {
        Strain strain = new Strain();
        assertEquals(0, strain.level());
        strain.watch(() -> 0.2);
        strain.watch(() -> 0.7);
        strain.watch(() -> 0.1);
        assertEquals(0.7, strain.level());
        strain.watch(() -> 3);
        assertEquals(1, strain.level());
    }

    @Test
    void aHeapThatHasRoomIsNoStrain() {
        assertEquals(0, Strain.heap(0, 1_000));
        assertEquals(0, Strain.heap(699, 1_000));
        assertEquals(0.5, Strain.heap(850, 1_000), 0.001);
        assertEquals(1, Strain.heap(1_000, 1_000), 0.001);
        assertTrue(Strain.heap() <= 1);
    }
}
