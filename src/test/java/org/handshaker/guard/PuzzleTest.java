// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import java.util.Objects;
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
    private double strain;
    private final Puzzle always = puzzle(PuzzleMode.ALWAYS);

    private Puzzle puzzle(PuzzleMode mode) {
        return new Puzzle(new byte[32], mode, () -> strain, time);
    }

    @Test
    void letsPassWhoSolvedIt() {
        always.demand(Purpose.LOGIN, solve(always.challenge(Purpose.LOGIN)), 0);
    }

    @Test
    void handsOutAPuzzleWithTheRefusal() {
        Refused refused = refuses(always, Purpose.REGISTER, null);
        Challenge challenge =
                (Challenge) Objects.requireNonNull(refused.members().get("puzzle"));
        assertTrue(challenge.required());
        always.demand(Purpose.REGISTER, solve(challenge), 0);
    }

    @Test
    void countsASolutionOnceEvenInParallel() {
        Solution solution = solve(always.challenge(Purpose.LOGIN));
        AtomicInteger passed = new AtomicInteger();
        IntStream.range(0, 64).parallel().forEach(i -> {
            try {
                always.demand(Purpose.LOGIN, solution, 0);
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
        Puzzle other = new Puzzle(Secrets.randomBytes(32), PuzzleMode.ALWAYS, () -> strain, time);
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
        always.demand(Purpose.LOGIN, good, 0);
    }

    @Test
    void asksOnlyUnderStrainInModeAuto() {
        Puzzle auto = puzzle(PuzzleMode.AUTO);
        assertFalse(auto.challenge(Purpose.LOGIN).required());
        auto.demand(Purpose.LOGIN, null, 0);
        strain = 0.51;
        assertTrue(auto.challenge(Purpose.LOGIN).required());
        refuses(auto, Purpose.LOGIN, null);
        auto.demand(Purpose.LOGIN, solve(auto.challenge(Purpose.LOGIN)), 0);
        puzzle(PuzzleMode.OFF).demand(Purpose.LOGIN, null, 0);
    }

    @Test
    void newcomersAreAskedBeforeThoseWhoSignIn() {
        Puzzle auto = puzzle(PuzzleMode.AUTO);
        strain = 0.3;
        refuses(auto, Purpose.REGISTER, null);
        auto.demand(Purpose.LOGIN, null, 0);
        auto.demand(Purpose.FORGOT, null, 0);
    }

    @Test
    void thePriceFollowsTheStrain() {
        Puzzle auto = puzzle(PuzzleMode.AUTO);
        int before = 0;
        for (double level : new double[] {0, 0.51, 0.6, 0.7, 0.8, 0.9, 1}) {
            strain = level;
            int price = auto.challenge(Purpose.LOGIN).maxnumber();
            assertTrue(price >= before, level + " costs " + price);
            before = price;
        }
        assertEquals(Puzzle.NUMBER_MAX << Puzzle.DOUBLINGS_MAX, before);
        strain = 0;
        assertEquals(Puzzle.NUMBER_MAX, auto.challenge(Purpose.LOGIN).maxnumber());
        assertEquals(Puzzle.NUMBER_MAX, always.challenge(Purpose.LOGIN).maxnumber());
    }

    @Test
    void whatWasCheapOnACalmDayDoesNotCountInAStorm() {
        Puzzle auto = puzzle(PuzzleMode.AUTO);
        Solution hoarded = solve(auto.challenge(Purpose.LOGIN));
        String dearer = hoarded.salt().replaceAll("max=[0-9]+&", "max=6400000&");
        strain = 1;
        refuses(auto, Purpose.LOGIN, hoarded);
        refuses(auto, Purpose.LOGIN, with(hoarded, hoarded.algorithm(), hoarded.challenge(), hoarded.number(), dearer));
        auto.demand(Purpose.LOGIN, solve(auto.challenge(Purpose.LOGIN)), 0);
        // A storm that begins while somebody solves does not make them begin again.
        strain = 0.6;
        auto.demand(Purpose.LOGIN, hoarded, 0);
    }

    @Test
    void guessesAtOneNameAreAReasonToo() {
        Puzzle auto = puzzle(PuzzleMode.AUTO);
        Refused refused = assertThrows(Refused.class, () -> auto.demand(Purpose.LOGIN, null, 0.9));
        Challenge challenge =
                (Challenge) Objects.requireNonNull(refused.members().get("puzzle"));
        assertTrue(challenge.required());
        assertTrue(challenge.maxnumber() > Puzzle.NUMBER_MAX);
        auto.demand(Purpose.LOGIN, solve(challenge), 0.9);
        puzzle(PuzzleMode.OFF).demand(Purpose.LOGIN, null, 1);
    }

    @Test
    void forgetsSolutionsWhenTheyExpire() {
        Solution solution = solve(always.challenge(Purpose.LOGIN));
        always.demand(Purpose.LOGIN, solution, 0);
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
        Refused refused = assertThrows(Refused.class, () -> puzzle.demand(purpose, solution, 0));
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
