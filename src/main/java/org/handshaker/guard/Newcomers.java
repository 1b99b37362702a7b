// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Standing;
import org.handshaker.core.Username;
import org.handshaker.guard.Puzzle.Challenge;
import org.handshaker.guard.Puzzle.Purpose;
import org.handshaker.guard.Puzzle.Solution;
import org.jspecify.annotations.Nullable;

/**
 * What strangers pay: nothing on a calm day, and a puzzle while the relay is strained or many have guessed at the name they
 * ask for. Whoever is known pays nothing.
 */
public final class Newcomers {
    private final Puzzle puzzle;
    private final @Nullable Guesses guesses;

    /** @param guesses null where rates are off */
    public Newcomers(Puzzle puzzle, @Nullable Guesses guesses) {
        this.puzzle = puzzle;
        this.guesses = guesses;
    }

    public Challenge challenge(Purpose purpose) {
        return puzzle.challenge(purpose);
    }

    /** Lets pass, or refuses with {@code puzzle_required}. */
    public void demand(Standing standing, Purpose purpose, Username name, @Nullable Solution solution) {
        if (standing == Standing.STRANGER) {
            double guessed = guesses != null && purpose == Purpose.LOGIN ? guesses.pressure(name) : 0;
            puzzle.demand(purpose, solution, guessed);
        }
    }

    /** Counts a refusal for a wrong password, where a stranger gave it. */
    public void failed(Standing standing, Username name, Refused refused) {
        if (guesses != null && standing == Standing.STRANGER && refused.reason() == Reason.BAD_CREDENTIALS) {
            guesses.wrong(name);
        }
    }

    /** For the sweeper. */
    public void forgetExpired() {
        puzzle.forgetExpired();
    }
}
