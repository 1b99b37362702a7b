// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.handshaker.core.SealKey;
import org.handshaker.core.Secrets;
import org.handshaker.core.Vault;

/** The queue over sockets, beside a bare forwarder and bare SQLite in the same minutes; and ten thousand people at once. */
final class QueueBench {
    private static final int PAIRS = 50;
    private static final int WINDOW = 16;
    /** Below the half of a queue that one sender may fill. */
    private static final int AWAY_EACH = 450;

    private static final int AWAY_PAIRS = 100;
    private static final int AWAY_ROUNDS = 8;
    private static final int PACE = 1_000;
    private static final Duration LIMIT_PHASE = Duration.ofSeconds(2);
    private static final int SEALS = 200_000;
    private static final int BATCH = 128;
    private static final Duration WARM = Duration.ofSeconds(3);
    private static final int WARM_PACE = 3_000;
    /** Within it of the round before, a server counts as warm. */
    private static final double STEADY = 1.03;

    /** One slow round early on does not mean that it is warm. */
    private static final int WARM_ROUNDS_MIN = 6;

    private static final int WARM_ROUNDS = 12;
    private static final Duration PHASE = Duration.ofSeconds(6);
    private static final int CALM_ROUNDS = 5;
    private static final Duration CALM = Duration.ofSeconds(2);

    private final Report report;
    private final Path directory;

    QueueBench(Report report, Path directory) {
        this.report = report;
        this.directory = directory;
    }

    /** What a server did, and what it cost. */
    private record Measured(Traffic.Result result, double cpuMicros, double generatorCpu, long writtenBytes) {}

    void run() throws SQLException, IOException {
        report.head("The queue over sockets");
        report.say(PAIRS + " pairs, 1 KiB, a window of " + WINDOW
                + " events under way in each, every event acknowledged by itself; "
                + "the generator is one thread, and its share of a core is shown: where it is far below 100 %, the server is what was measured. "
                + "The forwarder is a bare Jetty that passes the same frames on.");
        report.say("");
        report.say(
                "| what | per second | of the limit | median ms | p99 ms | server CPU µs an event | generator's core |");
        report.say("|---|---:|---:|---:|---:|---:|---:|");
        double forwarder = online();
        away(forwarder);
    }

    private double online() {
        try (Started raw = Started.program(RawServer.class);
                Wires rawWires = new Wires(raw.socketAddress());
                Traffic bare = traffic(rawWires, raw, false, PAIRS);
                Started relay = Started.crowded(directory.resolve("online"));
                Wires relayWires = new Wires(relay.socketAddress());
                Traffic traffic = traffic(relayWires, relay, true, PAIRS)) {
            bare.openReceivers();
            traffic.openReceivers();
            warmUp(bare);
            warmUp(traffic);
            Measured limit = flood(raw, bare);
            Measured own = flood(relay, traffic);
            row("bare forwarder", limit, 0);
            row("relay, delivered and acknowledged", own, limit.result.perSecond());
            Sum bareCalm = new Sum();
            Sum calm = new Sum();
            // In turn: what else the machine does meanwhile shall meet both.
            for (int round = 0; round < CALM_ROUNDS; round++) {
                bareCalm.add(bare.paced(PACE, CALM));
                calm.add(traffic.paced(PACE, CALM));
            }
            paced("bare forwarder, " + PACE + " events a second", bareCalm.measured().result);
            paced("relay, the same", calm.measured().result);
            row("relay with `--padding off`, as fast as it can", unpadded(), limit.result.perSecond());
            report.say("");
            report.say(String.format(
                    Locale.ROOT,
                    "Written to disk meanwhile, for %,d events: %,d bytes, all of them blocks of sequence numbers made durable.",
                    own.result.events(),
                    own.writtenBytes));
            report.say("");
            return limit.result.perSecond();
        }
    }

    /** What padding costs. */
    private Measured unpadded() {
        try (Started relay = Started.crowded(directory.resolve("unpadded"), "--padding", "off");
                Wires wires = new Wires(relay.socketAddress());
                Traffic traffic = traffic(wires, relay, true, PAIRS)) {
            traffic.openReceivers();
            warmUp(traffic);
            return flood(relay, traffic);
        }
    }

    /**
     * Until the compilers have done what they do: a relay has more code to compile than a forwarder. Gently at first, because a
     * server that is cold and flooded leaves its compilers no core, and stays cold for half a minute.
     */
    private static void warmUp(Traffic traffic) {
        traffic.paced(WARM_PACE, PHASE);
        double best = 1;
        double last = traffic.flood(WINDOW, WARM).perSecond();
        for (int round = 1; round < WARM_ROUNDS_MIN || (round < WARM_ROUNDS && last > best * STEADY); round++) {
            best = Math.max(best, last);
            last = traffic.flood(WINDOW, WARM).perSecond();
        }
    }

    private Traffic traffic(Wires wires, Started server, boolean isRelay, int pairs) {
        Crowd crowd = new Crowd(server.socketAddress(), 2 * pairs);
        if (isRelay) {
            crowd.connect(Traffic.pairs(pairs));
        }
        return new Traffic(wires, crowd, pairs).openSenders();
    }

    private static Measured flood(Started server, Traffic traffic) {
        long cpu = server.cpuMillis();
        long written = server.writtenBytes();
        long own = ownCpuNanos();
        Traffic.Result result = traffic.flood(WINDOW, PHASE);
        return new Measured(
                result,
                (server.cpuMillis() - cpu) * 1_000.0 / result.events(),
                (ownCpuNanos() - own) / 1e9 / result.seconds(),
                server.writtenBytes() - written);
    }

    /** Rounds of filling queues whose owners are away, each event on the disk before its receipt, and of emptying them. */
    private void away(double forwarder) throws SQLException, IOException {
        try (Started relay = Started.crowded(directory.resolve("away"));
                Wires wires = new Wires(relay.socketAddress());
                Traffic traffic = traffic(wires, relay, true, AWAY_PAIRS)) {
            warmUpAway(traffic);
            List<Rate> limits = new ArrayList<>();
            Sum filled = new Sum();
            Sum drained = new Sum();
            for (int round = 0; round < AWAY_ROUNDS; round++) {
                // Each time anew: a disk is not as fast in one minute as in the next.
                Path bare = Files.createDirectories(directory.resolve("bare-" + round));
                limits.add(Machine.sqlite(bare, BATCH, LIMIT_PHASE));
                long cpu = relay.cpuMillis();
                long own = ownCpuNanos();
                filled.add(traffic.fill(WINDOW, AWAY_EACH));
                filled.cpuMillis += relay.cpuMillis() - cpu;
                filled.ownCpuNanos += ownCpuNanos() - own;
                cpu = relay.cpuMillis();
                own = ownCpuNanos();
                drained.add(traffic.drain((long) AWAY_EACH * AWAY_PAIRS));
                drained.cpuMillis += relay.cpuMillis() - cpu;
                drained.ownCpuNanos += ownCpuNanos() - own;
                traffic.closeReceivers();
                traffic.settle();
            }
            Rate limit = limits.stream().reduce(Rate::and).orElseThrow();
            report.say("Receivers away, " + AWAY_PAIRS + " pairs: beside bare SQLite with batches of " + BATCH
                    + " rows and `synchronous=FULL`, and drained again beside the forwarder.");
            report.say("");
            report.say(
                    "| what | per second | of the limit | median ms | p99 ms | server CPU µs an event | generator's core |");
            report.say("|---|---:|---:|---:|---:|---:|---:|");
            report.say(String.format(
                    Locale.ROOT,
                    "| bare SQLite, %d rows a commit | %,.0f | | %.1f | %.1f | | |",
                    BATCH,
                    limit.perSecond(),
                    limit.medianMillis(),
                    limit.p99Millis()));
            row("relay, stored with receipts", filled.measured(), limit.perSecond());
            row("relay, drained and acknowledged", drained.measured(), forwarder);
            report.say("");
            double seal = sealMicros();
            report.say(String.format(
                    Locale.ROOT,
                    "Sealing an event of 1 KiB takes %.2f µs of a core, %.0f %% of what it costs to store it; an event that is "
                            + "delivered at once is never sealed, and an idle socket has nothing to seal.",
                    seal,
                    100 * seal / filled.measured().cpuMicros));
            report.say("");
        }
    }

    /** As {@link #warmUp}: until the rounds get no faster. */
    private static void warmUpAway(Traffic traffic) {
        double best = 1;
        double last = 0;
        for (int round = 0; round < WARM_ROUNDS_MIN || (round < WARM_ROUNDS && last > best * STEADY); round++) {
            best = Math.max(best, last);
            last = traffic.fill(WINDOW, AWAY_EACH).perSecond();
            traffic.drain((long) AWAY_EACH * AWAY_PAIRS);
            traffic.closeReceivers();
            traffic.settle();
        }
    }

    private static double sealMicros() {
        SealKey key = new SealKey(Secrets.randomBytes(Vault.MASTER_BYTES));
        byte[] body = new byte[1_024];
        byte[] bound = new byte[48];
        long begin = 0;
        // The first half warms up.
        for (int i = 0; i < 2 * SEALS; i++) {
            begin = i == SEALS ? System.nanoTime() : begin;
            body[0] = key.seal(body, bound)[0];
        }
        return (System.nanoTime() - begin) / 1e3 / SEALS;
    }

    private static final class Sum {
        long events;
        double seconds;
        long cpuMillis;
        long ownCpuNanos;
        final Samples receipts = new Samples();

        void add(Traffic.Result result) {
            events += result.events();
            seconds += result.seconds();
            receipts.addAll(result.receipts());
        }

        Measured measured() {
            return new Measured(
                    new Traffic.Result(events, seconds, receipts, new Samples()),
                    cpuMillis * 1_000.0 / events,
                    ownCpuNanos / 1e9 / seconds,
                    0);
        }
    }

    void many() {
        report.head("Many at once");
        try (Started relay = Started.crowded(directory.resolve("many"));
                Wires wires = new Wires(relay.socketAddress())) {
            Crowd crowd = new Crowd(relay.socketAddress(), Many.PEOPLE);
            crowd.connect(Traffic.pairs(Many.PEOPLE / 2));
            Many many = new Many(wires, crowd);
            long before = relay.residentMib();
            Many.Result connected = many.connect(0, Many.PEOPLE);
            many.settle();
            double each = (relay.residentMib() - before) * 1_024.0 / Many.PEOPLE;
            many.leave();
            Many.Result back = many.comeBack();
            Many.Result woken = many.wake(PHASE);
            many.close();
            report.say(String.format(Locale.ROOT, "%,d people at once:", Many.PEOPLE));
            report.say("");
            report.tableOfBounds();
            report.bound("idle signed-in sockets: resident memory for each", text("%.1f KiB", each), "24 KiB");
            report.bound("sockets connected and signed in", text("%,.0f/s", connected.perSecond()), "1,000/s");
            report.bound(
                    text("%,.0f reconnects that resume with what waited, none lost: p99", (double) back.count()),
                    text("%.0f ms", back.samples().millis(0.99)),
                    "2,000 ms");
            report.bound(
                    text("long-polls woken %,.0f times a second: median", woken.perSecond()),
                    text("%.1f ms", woken.samples().millis(0.5)),
                    "");
            report.bound("the same: p99", text("%.1f ms", woken.samples().millis(0.99)), "50 ms");
        }
    }

    private void row(String what, Measured measured, double limit) {
        report.say(String.format(
                Locale.ROOT,
                "| %s | %,.0f | %s | %.2f | %.1f | %.1f | %.0f %% |",
                what,
                measured.result.perSecond(),
                limit == 0 ? "" : text("%.0f %%", 100 * measured.result.perSecond() / limit),
                measured.result.receipts().millis(0.5),
                measured.result.receipts().millis(0.99),
                measured.cpuMicros,
                100 * measured.generatorCpu));
    }

    private void paced(String what, Traffic.Result result) {
        report.say(text("| " + what + " | %,.0f | | ", result.perSecond())
                + String.format(
                        Locale.ROOT,
                        "%.2f | %.2f | | |",
                        result.receipts().millis(0.5),
                        result.receipts().millis(0.99)));
    }

    private static String text(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }

    private static long ownCpuNanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }
}
