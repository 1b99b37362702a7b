// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.handshaker.core.Limits;
import org.junit.jupiter.api.Test;

final class HammeringTest {
    private static final int CIRCUITS_MAX = 50;

    private final List<Integer> closed = new ArrayList<>();
    private final AtomicLong nanos = new AtomicLong();
    private final Hammering hammering = new Hammering(closed::add, nanos::get, CIRCUITS_MAX);

    @Test
    void closesTheCircuitThatGoesOnAndNoOther() {
        refuse(7, Limits.CIRCUIT_REFUSALS_MAX - 1);
        refuse(8, Limits.CIRCUIT_REFUSALS_MAX - 1);
        assertEquals(List.of(), closed);
        refuse(7, 1);
        assertEquals(List.of(7), closed);
        assertEquals(1, hammering.closings());
    }

    @Test
    void asksAgainWhenTheCircuitIsStillThere() {
        refuse(7, 3 * Limits.CIRCUIT_REFUSALS_MAX);
        assertEquals(List.of(7, 7, 7), closed);
    }

    @Test
    void knowsWhichCircuitDoesNotHeed() {
        refuse(7, Limits.CIRCUIT_REFUSALS_MAX - 1);
        assertFalse(hammering.isHammering(7));
        refuse(7, 1);
        assertTrue(hammering.isHammering(7));
        assertFalse(hammering.isHammering(8));
        nanos.addAndGet(Limits.CIRCUIT_REFUSALS_WINDOW.toNanos());
        assertFalse(hammering.isHammering(7));
    }

    @Test
    void forgetsWithTheWindow() {
        refuse(7, Limits.CIRCUIT_REFUSALS_MAX - 1);
        nanos.addAndGet(Limits.CIRCUIT_REFUSALS_WINDOW.toNanos());
        refuse(7, Limits.CIRCUIT_REFUSALS_MAX - 1);
        assertEquals(List.of(), closed);
    }

    @Test
    void countsABoundedNumberOfCircuits() {
        for (int circuit = 0; circuit < 100 * CIRCUITS_MAX; circuit++) {
            refuse(circuit, 1);
        }
        assertTrue(hammering.circuits() <= CIRCUITS_MAX, () -> hammering.circuits() + " circuits");
    }

    private void refuse(int circuit, int times) {
        for (int i = 0; i < times; i++) {
            hammering.refused(circuit);
        }
    }
}
