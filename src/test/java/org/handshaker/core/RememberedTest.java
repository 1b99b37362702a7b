// SPDX-License-Identifier: MIT
package org.handshaker.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class RememberedTest {
    private final Remembered<String, Integer> remembered = new Remembered<>(3);

    @Test
    void readsOnceAndThenRemembers() {
        assertEquals(Optional.of(1), remembered.find("a", () -> Optional.of(1)));
        assertEquals(Optional.of(1), remembered.find("a", () -> fail("it was read a second time")));
    }

    @Test
    void readsAgainAfterForgetting() {
        remembered.find("a", () -> Optional.of(1));
        remembered.forget("a");
        assertEquals(Optional.of(2), remembered.find("a", () -> Optional.of(2)));
    }

    @Test
    void neverRemembersAReadThatAChangeOvertook() {
        assertEquals(
                Optional.of(1),
                remembered.find("a", () -> {
                    remembered.forget("a");
                    return Optional.of(1);
                }),
                "the caller's own read began before the change");
        assertEquals(Optional.of(2), remembered.find("a", () -> Optional.of(2)));
    }

    @Test
    void doesNotRememberWhatIsAbsent() {
        remembered.find("a", Optional::empty);
        assertEquals(Optional.of(1), remembered.find("a", () -> Optional.of(1)));
        assertEquals(1, remembered.size());
    }

    @Test
    void holdsNoMoreThanItsBound() {
        for (int i = 0; i < 100; i++) {
            int value = i;
            remembered.find("key " + i, () -> Optional.of(value));
        }
        assertEquals(3, remembered.size());
    }
}
