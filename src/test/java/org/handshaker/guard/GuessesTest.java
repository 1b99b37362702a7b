// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.handshaker.core.Limits;
import org.handshaker.core.Username;
import org.handshaker.support.TestTime;
import org.junit.jupiter.api.Test;

final class GuessesTest {
    private static final Username ALICE = new Username("alice");

    private final TestTime time = new TestTime();
    private final Guesses guesses = new Guesses(time);

    private void guess(int times) {
        for (int i = 0; i < times; i++) {
            guesses.wrong(ALICE);
        }
    }

    @Test
    void aFewWrongPasswordsCostNothing() {
        guess(Limits.GUESSES_FREE);
        assertEquals(0, guesses.pressure(ALICE));
    }

    @Test
    void guessingAtOneNameGrowsDearerAndAtAnotherDoesNot() {
        guess(Limits.GUESSES_FREE + 1);
        double first = guesses.pressure(ALICE);
        assertTrue(first > 0.5, "asks for a puzzle");
        guess(40);
        assertTrue(guesses.pressure(ALICE) > first);
        guess(10 * Limits.GUESSES_DEAREST);
        assertEquals(1, guesses.pressure(ALICE));
        assertEquals(0, guesses.pressure(new Username("bob")));
    }

    @Test
    void whatIsOverIsForgiven() {
        guess(10 * Limits.GUESSES_DEAREST);
        time.advance(Limits.GUESS_FORGIVEN_AFTER.multipliedBy(Limits.GUESSES_DEAREST));
        assertEquals(1, guesses.pressure(ALICE), 0.01);
        time.advance(Limits.GUESS_FORGIVEN_AFTER.multipliedBy(Limits.GUESSES_DEAREST - Limits.GUESSES_FREE));
        assertEquals(0, guesses.pressure(ALICE));
    }

    @Test
    void itsMemoryIsBounded() {
        for (int i = 0; i < Limits.GUESSED_NAMES_MAX + 10_000; i++) {
            guesses.wrong(new Username("name_" + i));
        }
        assertTrue(guesses.names() <= Limits.GUESSED_NAMES_MAX, guesses.names() + " names");
    }
}
