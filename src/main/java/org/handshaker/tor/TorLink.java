// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The control connection to the tor that hosts us now, if there is one. Errands go over it one at a time, on a thread of their
 * own, so that whoever sends one never waits. Bounded: what is too much is dropped. An errand belongs to the tor it was meant
 * for and ends with it, because circuit numbers begin again with the next.
 */
final class TorLink implements AutoCloseable {
    private static final int ERRANDS_MAX = 1_024;
    private static final long IDLE_SECONDS = 10;
    /** As tor itself: what is further off than this it calls a skewed clock. */
    private static final Duration SKEW_MAX = Duration.ofHours(1);

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);

    private final ThreadPoolExecutor errands;
    private volatile @Nullable ControlPort control;

    TorLink() {
        errands = new ThreadPoolExecutor(
                1,
                1,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(ERRANDS_MAX),
                task -> {
                    Thread thread = new Thread(task, "tor-errand");
                    thread.setDaemon(true);
                    return thread;
                },
                new ThreadPoolExecutor.DiscardPolicy());
        errands.allowCoreThreadTimeOut(true);
    }

    void connected(ControlPort to) {
        control = to;
    }

    void lost() {
        control = null;
        errands.getQueue().clear();
    }

    /** For questions that the caller waits for; each takes at most the control port's own bound. */
    @Nullable
    ControlPort now() {
        return control;
    }

    /** @param circuit as 32 bits, tor's "global circuit identifier", which its control port shows in decimal */
    void closeCircuit(int circuit) {
        @Nullable ControlPort meant = control;
        if (meant != null) {
            errands.execute(() -> tell(meant, "CLOSECIRCUIT " + Integer.toUnsignedString(circuit)));
        }
    }

    private static void tell(ControlPort meant, String command) {
        try {
            meant.command(command);
        } catch (IOException goneAlready) {
            // The circuit (552) or its tor: either way it carries nothing any more.
        }
    }

    /** The circuits of the onion's clients now; nothing if nobody can tell. */
    Optional<List<Renewal.Meeting>> meetings(String onion) {
        @Nullable ControlPort asked = control;
        try {
            return asked == null ? Optional.empty() : Optional.of(Renewal.meetings(asked, onion));
        } catch (IOException lost) {
            return Optional.empty();
        }
    }

    /** Whether {@code now} lies in the time of tor's consensus. A tor that has none, or does not say, is not contradicted. */
    boolean agreesOnTime(Instant now) {
        return fitsConsensus(now).orElse(true);
    }

    /** As {@link #agreesOnTime}, but a tor that does not say confirms nothing. */
    boolean confirmsTime(Instant now) {
        return fitsConsensus(now).orElse(false);
    }

    private Optional<Boolean> fitsConsensus(Instant now) {
        @Nullable ControlPort asked = control;
        try {
            if (asked != null) {
                Instant from = time(asked, "consensus/valid-after").minus(SKEW_MAX);
                Instant to = time(asked, "consensus/valid-until").plus(SKEW_MAX);
                return Optional.of(!now.isBefore(from) && !now.isAfter(to));
            }
        } catch (IOException | DateTimeException unknown) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    private static Instant time(ControlPort asked, String key) throws IOException {
        return LocalDateTime.parse(asked.getInfo(key).get(0), TIME).toInstant(ZoneOffset.UTC);
    }

    @Override
    public void close() {
        lost();
        errands.shutdownNow();
    }
}
