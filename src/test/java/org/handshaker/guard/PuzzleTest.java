// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.handshaker.core.Config.PuzzleMode;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secrets;
import org.handshaker.guard.Puzzle.Challenge;
import org.handshaker.guard.Puzzle.Purpose;
import org.handshaker.guard.Puzzle.Solution;
import org.handshaker.support.TestTime;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class PuzzleTest {
    private final TestTime time = new TestTime();
    private final AtomicBoolean strained = new AtomicBoolean();
    private final Puzzle always = puzzle(PuzzleMode.ALWAYS);

    private Puzzle puzzle(PuzzleMode mode) {
        return new Puzzle(new byte[32], mode, strained::get, time);
    }

    @Test
    void letsPassWhoSolvedIt() {
        always.demand(Purpose.LOGIN, solve(always.challenge(Purpose.LOGIN)));
    }

    @Test
    void handsOutAPuzzleWithTheRefusal() {
        Refused refused = refuses(always, Purpose.REGISTER, null);
        Challenge challenge =
                (Challenge) Objects.requireNonNull(refused.members().get("puzzle"));
        assertTrue(challenge.required());
        always.demand(Purpose.REGISTER, solve(challenge));
    }

    @Test
    void countsASolutionOnceEvenInParallel() {
        Solution solution = solve(always.challenge(Purpose.LOGIN));
        AtomicInteger passed = new AtomicInteger();
        IntStream.range(0, 64).parallel().forEach(i -> {
            try {
                always.demand(Purpose.LOGIN, solution);
                passed.incrementAndGet();
            } catch (Refused spent) {
                assertEquals(Reason.PUZZLE_REQUIRED, spent.reason());
            }
        });
        assertEquals(1, passed.get());
    }

    @Test
    void refusesASolutionForAnotherPurpose() {
        refuses(always, Purpose.REGISTER, solve(always.challenge(Purpose.LOGIN)));
    }

    @Test
    void refusesALateSolution() {
        Solution solution = solve(always.challenge(Purpose.LOGIN));
        time.advance(Puzzle.LIFE);
        refuses(always, Purpose.LOGIN, solution);
    }

    @Test
    void refusesAnotherRelaysPuzzle() {
        Puzzle other = new Puzzle(Secrets.randomBytes(32), PuzzleMode.ALWAYS, strained::get, time);
        refuses(always, Purpose.LOGIN, solve(other.challenge(Purpose.LOGIN)));
    }

    @Test
    void refusesWhatWasTamperedWith() {
        Solution good = solve(always.challenge(Purpose.LOGIN));
        String longer = good.salt().replaceAll("expires=(\\d+)&", "expires=9$1&");
        refuses(always, Purpose.LOGIN, with(good, good.algorithm(), good.challenge(), good.number() + 1, good.salt()));
        refuses(always, Purpose.LOGIN, with(good, good.algorithm(), good.challenge(), good.number(), longer));
        refuses(always, Purpose.LOGIN, with(good, "SHA-1", good.challenge(), good.number(), good.salt()));
        // Digits of the number moved into the salt, which hashes alike.
        refuses(always, Purpose.LOGIN, with(good, good.algorithm(), good.challenge(), 0, good.salt() + good.number()));
        String forged = HexFormat.of().formatHex(Secrets.sha256(good.salt() + 7));
        refuses(always, Purpose.LOGIN, with(good, good.algorithm(), forged, 7, good.salt()));
        refuses(always, Purpose.LOGIN, new Solution("", "", 0, "", "", null));
        always.demand(Purpose.LOGIN, good);
    }

    @Test
    void asksOnlyUnderStrainInModeAuto() {
        Puzzle auto = puzzle(PuzzleMode.AUTO);
        assertFalse(auto.challenge(Purpose.LOGIN).required());
        auto.demand(Purpose.LOGIN, null);
        strained.set(true);
        assertTrue(auto.challenge(Purpose.LOGIN).required());
        refuses(auto, Purpose.LOGIN, null);
        auto.demand(Purpose.LOGIN, solve(auto.challenge(Purpose.LOGIN)));
        puzzle(PuzzleMode.OFF).demand(Purpose.LOGIN, null);
    }

    @Test
    void forgetsSolutionsWhenTheyExpire() {
        Solution solution = solve(always.challenge(Purpose.LOGIN));
        always.demand(Purpose.LOGIN, solution);
        time.advance(Puzzle.LIFE);
        always.forgetExpired();
        refuses(always, Purpose.LOGIN, solution);
    }

    @Test
    void knowsThreePurposes() {
        assertEquals(Purpose.FORGOT, Purpose.parse("forgot"));
        for (String unknown : new String[] {"", "FORGOT", "else"}) {
            assertThrows(Refused.class, () -> Purpose.parse(unknown));
        }
        assertThrows(Refused.class, () -> Purpose.parse(null));
    }

    private static Refused refuses(Puzzle puzzle, Purpose purpose, @Nullable Solution solution) {
        Refused refused = assertThrows(Refused.class, () -> puzzle.demand(purpose, solution));
        assertEquals(Reason.PUZZLE_REQUIRED, refused.reason());
        return refused;
    }

    private static Solution with(Solution good, String algorithm, String challenge, long number, String salt) {
        return new Solution(algorithm, challenge, number, salt, good.signature(), null);
    }

    private static Solution solve(Challenge challenge) {
        for (long number = 0; number <= challenge.maxnumber(); number++) {
            if (HexFormat.of()
                    .formatHex(Secrets.sha256(challenge.salt() + number))
                    .equals(challenge.challenge())) {
                return new Solution(
                        challenge.algorithm(),
                        challenge.challenge(),
                        number,
                        challenge.salt(),
                        challenge.signature(),
                        5L);
            }
        }
        throw new AssertionError("every puzzle has a solution");
    }
}
