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
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.handshaker.core.Config.PuzzleMode;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secrets;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/**
 * Proof of work: find the number whose SHA-256 with the salt is the challenge. Speaks the JSON of altcha, version 1, which
 * existing widgets solve. The relay keeps nothing of what it hands out: purpose and expiry stand in the salt, and an HMAC over
 * the challenge shows that it is the relay's own. Only what was solved is remembered, until it expires, so that it counts once.
 */
public final class Puzzle {
    /** What a solution is good for; one for {@code LOGIN} registers nobody. */
    public enum Purpose {
        REGISTER,
        LOGIN,
        FORGOT;

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

    /** Half of it on average: about half a second of plain JavaScript. */
    static final int NUMBER_MAX = 200_000;

    static final Duration LIFE = Duration.ofMinutes(10);
    /** Solutions remembered at once, some 200 bytes each; past that nobody new is let in until some expire. */
    static final int SPENT_MAX = 100_000;

    private static final String ALGORITHM = "SHA-256";
    private static final int SALT_BYTES = 16;
    // Ends in a separator: without it, digits could move between the expiry and the number.
    private static final Pattern SALT = Pattern.compile("[0-9a-f]{32}\\?for=([a-z]+)&expires=(\\d{1,11})&");

    private final byte[] key;
    private final PuzzleMode mode;
    private final BooleanSupplier strained;
    private final InstantSource time;
    private final Map<String, Instant> spent = new HashMap<>();

    /**
     * A gate for one relay.
     *
     * @param key 256 bits for this purpose alone
     * @param strained in mode {@code auto}: whether the relay has more to do than it can
     */
    public Puzzle(byte[] key, PuzzleMode mode, BooleanSupplier strained, InstantSource time) {
        this.key = key.clone();
        this.mode = mode;
        this.strained = strained;
        this.time = time;
    }

    public Challenge challenge(Purpose purpose) {
        Instant expires = time.instant().plus(LIFE);
        String salt = HexFormat.of().formatHex(Secrets.randomBytes(SALT_BYTES)) + "?for=" + purpose.text() + "&expires="
                + expires.getEpochSecond() + "&";
        String challenge = hash(salt, Secrets.randomInt(NUMBER_MAX + 1));
        return new Challenge(isRequired(), ALGORITHM, challenge, salt, sign(challenge), NUMBER_MAX);
    }

    /** Lets pass who solved a puzzle for this purpose, or everyone while none is needed; else {@code puzzle_required} with a new one. */
    public void demand(Purpose purpose, @Nullable Solution solution) {
        if (isRequired() && (solution == null || !isFresh(purpose, solution) || !spend(solution))) {
            throw refusal(purpose);
        }
    }

    private boolean isRequired() {
        return switch (mode) {
            case OFF -> false;
            case AUTO -> strained.getAsBoolean();
            case ALWAYS -> true;
        };
    }

    private boolean isFresh(Purpose purpose, Solution solution) {
        Matcher salt = SALT.matcher(solution.salt());
        return salt.matches()
                && purpose.text().equals(salt.group(1))
                && time.instant().getEpochSecond() < Long.parseLong(salt.group(2))
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

    /** With a member {@code puzzle} in the shape of {@code GET /auth/puzzle}. */
    private Refused refusal(Purpose purpose) {
        return Reason.PUZZLE_REQUIRED.refuseWith(Map.of("puzzle", challenge(purpose)));
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
