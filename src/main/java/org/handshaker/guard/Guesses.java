// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.handshaker.core.Limits;
import org.handshaker.core.Username;

/**
 * Counts wrong passwords of strangers by the name that they were for, so that guessing at one name grows dearer however many
 * circuits do it. It makes strangers pay and never shuts anyone out; whether somebody has the name makes no difference. In
 * memory only, and the longest unused is forgotten when there are too many.
 */
public final class Guesses {
    private final Cache<Username, Count> counts;
    private final InstantSource time;

    /** So many at that moment; one is forgiven in every {@link Limits#GUESS_FORGIVEN_AFTER}. */
    private record Count(double wrong, Instant at) {
        double left(Instant now) {
            double forgiven =
                    (double) Math.max(0, Duration.between(at, now).toMillis()) / Limits.GUESS_FORGIVEN_AFTER.toMillis();
            return Math.max(0, wrong - forgiven);
        }
    }

    public Guesses(InstantSource time) {
        this.time = time;
        this.counts = Caffeine.newBuilder()
                .maximumSize(Limits.GUESSED_NAMES_MAX)
                .expireAfterWrite(Limits.GUESS_FORGIVEN_AFTER.multipliedBy(2L * Limits.GUESSES_DEAREST))
                .build();
    }

    /** A stranger's password for this name was wrong. */
    public void wrong(Username name) {
        Instant now = time.instant();
        counts.asMap()
                .merge(
                        name,
                        new Count(1, now),
                        (before, one) -> new Count(Math.min(before.left(now) + 1, 2.0 * Limits.GUESSES_DEAREST), now));
    }

    /** 0 while there were few; then, as with {@link Strain}, from half to 1 at {@link Limits#GUESSES_DEAREST}. */
    public double pressure(Username name) {
        Count count = counts.getIfPresent(name);
        double over = count == null ? -1 : count.left(time.instant()) - Limits.GUESSES_FREE;
        return over <= 0 ? 0 : Math.min(1, 0.5 + 0.5 * over / (Limits.GUESSES_DEAREST - Limits.GUESSES_FREE));
    }

    /** Names in memory. */
    long names() {
        counts.cleanUp();
        return counts.estimatedSize();
    }
}
