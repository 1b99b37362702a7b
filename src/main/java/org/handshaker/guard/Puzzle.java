// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.handshaker.core.Config.PuzzleMode;
import org.handshaker.core.Reason;
import org.handshaker.core.Secrets;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/**
 * Proof of work: find the number whose SHA-256 with the salt is the challenge. Speaks the JSON of altcha, version 1, which
 * existing widgets solve. The relay keeps nothing of what it hands out: purpose and expiry stand in the salt, with the price, and an HMAC
 * over the challenge shows that it is the relay's own. Only what was solved is remembered, until it expires, so that it counts once.
 */
public final class Puzzle {
    /** What a solution is good for; one for {@code LOGIN} registers nobody. */
    public enum Purpose {
        /** Asked for first: who is not here yet waits more easily than who has mail. */
        REGISTER(0.25),
        LOGIN(0.5),
        FORGOT(0.5);

        private final double askedFrom;

        Purpose(double askedFrom) {
            this.askedFrom = askedFrom;
        }

        /** As in the query of {@code GET /auth/puzzle}; anything else is {@code malformed}. */
        public static Purpose parse(@Nullable String text) {
            for (Purpose purpose : values()) {
                if (purpose.text().equals(text)) {
                    return purpose;
                }
            }
            throw Reason.MALFORMED.refuse("A puzzle is for register, login or forgot.");
        }

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The answer of {@code GET /auth/puzzle}. */
    public record Challenge(
            boolean required, String algorithm, String challenge, String salt, String signature, int maxnumber) {}

    /** A solved challenge as altcha's clients send it. */
    public record Solution(
            String algorithm, String challenge, long number, String salt, String signature, @Nullable Long took) {}

    /**
     * What the operator asks for.
     *
     * @param doublingsMin how often the price is doubled at least, 0 to {@link #DOUBLINGS_MAX}
     */
    public record Terms(PuzzleMode mode, int doublingsMin) {}

    /** Half of it on average: about half a second of plain JavaScript. */
    static final int NUMBER_MAX = 200_000;
    /** Under the utmost strain it takes 32 times as long; still within what clients search. */
    public static final int DOUBLINGS_MAX = 5;
    /** Strain rises while someone is solving: work is taken up to this many times cheaper than what is asked by then. */
    private static final int LENIENCY = 4;

    static final Duration LIFE = Duration.ofMinutes(10);
    /** Solutions remembered at once, some 200 bytes each; past that nobody new is let in until some expire. */
    static final int SPENT_MAX = 100_000;

    private static final String ALGORITHM = "SHA-256";
    private static final int SALT_BYTES = 16;
    // Ends in a separator: without it, digits could move between the expiry and the number.
    private static final Pattern SALT =
            Pattern.compile("[0-9a-f]{32}\\?for=([a-z]+)&expires=([0-9]{1,11})&max=([0-9]{1,7})&");

    private final byte[] key;
    private final DoubleSupplier strain;
    private final InstantSource time;
    private volatile Terms terms;
    private final Map<String, Instant> spent = new HashMap<>();

    /**
     * A gate for one relay.
     *
     * @param key 256 bits for this purpose alone
     * @param strain how much more the relay has to do than it can, 0 to 1, as {@link Strain} has it
     */
    public Puzzle(byte[] key, PuzzleMode mode, DoubleSupplier strain, InstantSource time) {
        this.key = key.clone();
        this.terms = new Terms(mode, 0);
        this.strain = strain;
        this.time = time;
    }

    public Terms terms() {
        return terms;
    }

    /** Asks for more or less from now on, until the relay stops. */
    public void terms(Terms changed) {
        terms = changed;
    }

    /** What {@code GET /auth/puzzle} answers: as dear as the relay is strained. */
    public Challenge challenge(Purpose purpose) {
        return challenge(purpose, strain.getAsDouble());
    }

    private Challenge challenge(Purpose purpose, double pressure) {
        Instant expires = time.instant().plus(LIFE);
        int numberMax = numberMax(purpose, pressure);
        // The price stands in what is signed: a cheap one, fetched when nothing was going on, is known as such.
        String salt = HexFormat.of().formatHex(Secrets.randomBytes(SALT_BYTES)) + "?for=" + purpose.text() + "&expires="
                + expires.getEpochSecond() + "&max=" + numberMax + "&";
        String challenge = hash(salt, Secrets.randomInt(numberMax + 1));
        return new Challenge(isRequired(purpose, pressure), ALGORITHM, challenge, salt, sign(challenge), numberMax);
    }

    /**
     * Lets pass who solved a puzzle for this purpose, or everyone while none is needed; else {@code puzzle_required} with a
     * new one.
     *
     * @param pressure what speaks for a puzzle beside the relay's strain, 0 to 1, such as guesses at one name
     */
    public void demand(Purpose purpose, @Nullable Solution solution, double pressure) {
        double most = Math.max(pressure, strain.getAsDouble());
        if (isRequired(purpose, most) && (solution == null || !isFresh(purpose, solution, most) || !spend(solution))) {
            // With a member puzzle in the shape of GET /auth/puzzle.
            throw Reason.PUZZLE_REQUIRED.refuseWith(Map.of("puzzle", challenge(purpose, most)));
        }
    }

    private boolean isRequired(Purpose purpose, double pressure) {
        return switch (terms.mode) {
            case OFF -> false;
            case AUTO -> pressure > purpose.askedFrom;
            case ALWAYS -> true;
        };
    }

    /** Doubles step by step from where a puzzle is asked for to where the relay can take no more. */
    private int numberMax(Purpose purpose, double pressure) {
        double over = Math.max(0, pressure - purpose.askedFrom) / (1 - purpose.askedFrom);
        int strained = (int) Math.min(DOUBLINGS_MAX, Math.floor(over * (DOUBLINGS_MAX + 1)));
        return NUMBER_MAX << Math.max(terms.doublingsMin, strained);
    }

    private boolean isFresh(Purpose purpose, Solution solution, double pressure) {
        Matcher salt = SALT.matcher(solution.salt());
        return salt.matches()
                && purpose.text().equals(salt.group(1))
                && time.instant().getEpochSecond() < Long.parseLong(salt.group(2))
                && (long) LENIENCY * Integer.parseInt(salt.group(3)) >= numberMax(purpose, pressure)
                && ALGORITHM.equals(solution.algorithm())
                && same(sign(solution.challenge()), solution.signature())
                && same(hash(solution.salt(), solution.number()), solution.challenge());
    }

    /** Returns false when it was spent before. */
    private boolean spend(Solution solution) {
        Instant now = time.instant();
        synchronized (spent) {
            if (spent.size() >= SPENT_MAX) {
                spent.values().removeIf(expires -> !expires.isAfter(now));
                if (spent.size() >= SPENT_MAX) {
                    throw Reason.BUSY.refuse();
                }
            }
            return spent.putIfAbsent(solution.challenge(), now.plus(LIFE)) == null;
        }
    }

    /** Forgets solutions that have expired; the sweeper's thread calls it. */
    public void forgetExpired() {
        Instant now = time.instant();
        synchronized (spent) {
            spent.values().removeIf(expires -> !expires.isAfter(now));
        }
    }

    private String sign(String challenge) {
        return HexFormat.of().formatHex(Vault.hmac(key, challenge.getBytes(StandardCharsets.UTF_8)));
    }

    private static String hash(String salt, long number) {
        return HexFormat.of().formatHex(Secrets.sha256(salt + number));
    }

    private static boolean same(String expected, String given) {
        return Secrets.same(expected.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
    }
}
