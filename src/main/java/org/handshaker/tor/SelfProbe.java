// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the relay from outside, as a stranger would, once each period: through Tor to its own address. Two tries and the
 * questions to tor fit into a period, so that {@link OnionHealth} knows the truth within two of them.
 */
public final class SelfProbe implements AutoCloseable {
    private static final int TRIES = 2;
    private static final Duration TRY_LONGEST = Duration.ofMinutes(1);
    /** By then most directories have the descriptor. */
    private static final Duration SETTLED = Duration.ofSeconds(10);

    /** Goes to the onion as a client that nobody knows. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * Whether a relay answers there, within {@code longest}.
         *
         * @param onion 56 characters and {@code .onion}
         * @param socks {@code IP:PORT} or {@code unix:PATH}
         */
        boolean reaches(String onion, String socks, Duration longest);
    }

    private final OnionService onion;
    private final OnionHealth health;
    private final Visitor visitor;
    private final InstantSource time;
    private final Duration period;
    private final ScheduledExecutorService clock;

    public SelfProbe(OnionService onion, OnionHealth health, Visitor visitor, InstantSource time, Duration period) {
        this.onion = onion;
        this.health = health;
        this.visitor = visitor;
        this.time = time;
        this.period = period;
        this.clock = new ScheduledThreadPoolExecutor(
                1,
                task -> {
                    Thread thread = new Thread(task, "self-probe");
                    thread.setDaemon(true);
                    return thread;
                },
                // What tor tells while we stop starts nothing more.
                new ThreadPoolExecutor.DiscardPolicy());
    }

    public void start() {
        var unused = clock.scheduleAtFixedRate(this::look, 0, period.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Once more in between, a moment after the onion has been published. */
    public void soon() {
        Duration wait = SETTLED.compareTo(period) < 0 ? SETTLED : period;
        var unused = clock.schedule(this::look, wait.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Once, now. Never throws: a probe that died would leave its last word standing for ever. */
    void look() {
        try {
            health.time(onion.agreesOnTime(time.instant()));
            @Nullable String address = onion.address().orElse(null);
            @Nullable String socks = onion.socks().orElse(null);
            // Before it is published nobody can come, and a client that asks too early remembers that.
            boolean isThere = onion.isPublished() || onion instanceof TorrcOnion;
            if (address != null && socks != null && isThere) {
                visit(address, socks);
            }
        } catch (RuntimeException broken) {
            health.looked(OnionHealth.Look.FAILED, -1);
        }
    }

    private void visit(String address, String socks) {
        long start = System.nanoTime();
        Duration half = period.dividedBy(TRIES);
        Duration longest = half.compareTo(TRY_LONGEST) < 0 ? half : TRY_LONGEST;
        boolean reached = false;
        for (int i = 0; i < TRIES && !reached; i++) {
            reached = isPrepared() && visitor.reaches(address, socks, longest);
        }
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        health.looked(reached ? OnionHealth.Look.REACHED : OnionHealth.Look.FAILED, millis);
    }

    private boolean isPrepared() {
        try {
            onion.lookAfresh();
            return true;
        } catch (IOException torIsGone) {
            return false;
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
