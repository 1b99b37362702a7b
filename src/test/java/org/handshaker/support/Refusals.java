// SPDX-License-Identifier: MIT
package org.handshaker.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.junit.jupiter.api.function.Executable;

/** Expects a refusal with its reason. */
public final class Refusals {
    private Refusals() {}

    public static void assertRefused(Reason reason, Executable attempt) {
        assertEquals(reason, assertThrows(Refused.class, attempt).reason());
    }
}
