// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.handshaker.client.Carrier;
import org.handshaker.client.RelayClient;
import org.jspecify.annotations.Nullable;

/**
 * The benchmark's course; {@code --write FILE} keeps the report as a page, {@code --only NAME,NAME} runs some of the sections of
 * {@link #sections}, {@code --all} all of them and not only the first seven, {@code --hold SECONDS} says how long sockets are held behind the onion.
 */
public final class Bench {
    /** What is run when nothing is said: it takes less than ten minutes. */
    private static final int USUAL = 7;

    private static final int PAIRS = 16;
    private static final int HOLD_SECONDS = 60;
    private static final Duration PHASE = Duration.ofSeconds(5);
    private static final Duration SINGLE = Duration.ofSeconds(3);
    private static final Duration GROWTH_ROUND = Duration.ofMillis(1_500);
    /** Of which the first are for the compilers. */
    private static final int GROWTH_ROUNDS = 7;

    private static final int GROWTH_ROUNDS_WARM = 2;
    private static final int STORED_QUEUES = 10_000;
    private static final int STORED_EACH = 100;
    /** Starts without and with stored events, in turn. */
    private static final int STARTS = 5;

    private static final Duration HASHES = Duration.ofSeconds(10);

    private final Report report;
    private final Path directory;
    private final int holdSeconds;

    private Bench(Report report, Path directory, int holdSeconds) {
        this.report = report;
        this.directory = directory;
        this.holdSeconds = holdSeconds;
    }

    public static void main(String[] args) throws Exception {
        if (!Files.exists(Started.JAR)) {
            System.err.println("There is no " + Started.JAR + ": build it first, or use scripts/bench.");
            System.exit(2);
        }
        List<String> arguments = Arrays.asList(args);
        Report report = new Report(System.out::println);
        Path directory = Files.createTempDirectory(Path.of("target"), "bench");
        try {
            @Nullable String hold = after("--hold", arguments);
            new Bench(report, directory, hold == null ? HOLD_SECONDS : Integer.parseInt(hold))
                    .run(after("--only", arguments), arguments.contains("--all"));
        } finally {
            delete(directory);
        }
        @Nullable String page = after("--write", arguments);
        if (page != null) {
            Files.write(Path.of(page), report.lines());
        }
    }

    private static @Nullable String after(String option, List<String> arguments) {
        int at = arguments.indexOf(option);
        return at < 0 || at + 1 == arguments.size() ? null : arguments.get(at + 1);
    }

    private interface Section {
        void run() throws Exception;
    }

    /** What is measured, in the order of the page. */
    private Map<String, Section> sections() {
        QueueBench queue = new QueueBench(report, directory);
        Map<String, Section> sections = new LinkedHashMap<>();
        sections.put("rates", this::rates);
        sections.put("queue", queue::run);
        sections.put("many", queue::many);
        sections.put("groups", new FanOutBench(report, directory)::run);
        sections.put("rooms", () -> RoomBench.run(report, directory));
        sections.put("start", this::sizes);
        sections.put("growth", this::growth);
        sections.put("sameness", this::sameness);
        sections.put("attacks", new Attacks(report, directory)::run);
        sections.put("onion", () -> OnionBench.sealed(report, directory.toAbsolutePath(), holdSeconds));
        return sections;
    }

    private void run(@Nullable String only, boolean all) throws Exception {
        Map<String, Section> sections = sections();
        List<String> chosen = only == null
                ? sections.keySet().stream()
                        .limit(all ? sections.size() : USUAL)
                        .toList()
                : Arrays.asList(only.split(",", -1));
        if (!sections.keySet().containsAll(chosen)) {
            throw new IllegalArgumentException("--only takes some of " + sections.keySet());
        }
        report.say("# Benchmarks");
        report.say("");
        report.say("Made by `scripts/bench --write docs/benchmarks.md`; do not edit by hand. " + Machine.CORES
                + " cores shared by relay and client, Java " + Runtime.version().feature() + ", "
                + System.getProperty("os.name") + ", load average before the run "
                + String.format(Locale.ROOT, "%.1f", load())
                + " (above 0.5 the machine was not quiet, and the figures are too low). Relay: `--tor none --limits off`, padding on, Argon2id with 64 MiB and"
                + " t=3, SQLite with `synchronous=FULL`. " + PAIRS
                + " pairs of people over HTTP, payloads of 1 KiB. A limit is measured right before what it is a limit of: bare password hashes, bare SQLite, and the same client"
                + " against a Jetty that passes the same frames on without accounts, queue or disk.");
        for (Map.Entry<String, Section> section : sections.entrySet()) {
            if (chosen.contains(section.getKey())) {
                section.getValue().run();
            }
        }
    }

    private void sameness() throws Exception {
        try (Started relay = Started.crowded(directory.resolve("sameness"))) {
            new Sameness(relay.socketAddress(), report).measure();
        }
    }

    private static double load() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    }

    /** Each rate right behind its limit, both servers up: a machine that is busier at one moment than at another skews neither. */
    private void rates() throws Exception {
        report.head("Rates");
        report.tableOfRates();
        try (Started raw = Started.program(RawServer.class);
                Pairs bare = new Pairs(PAIRS, Carrier.to(raw.address()));
                Started relay = launched("rates");
                Pairs pairs = new Pairs(PAIRS, Carrier.to(relay.address()))) {
            hashes(pairs);
            pairs.connect();
            bare.register(HASHES);
            report.beside("empty poll", "bare Jetty, GET", bare.poll(PHASE), pairs.poll(PHASE));
            report.beside(
                    "POST, receiver away, on disk",
                    "bare Jetty, POST",
                    bare.sendToAway(PHASE),
                    pairs.sendToAway(PHASE));
            report.limit("bare SQLite, 1 row a commit", Machine.sqlite(directory, 1, SINGLE));
            report.say("");
            report.say("Resident memory after this load: " + relay.residentMib() + " MiB.");
        }
    }

    private void hashes(Pairs pairs) {
        report.beside("register", "bare Argon2id, one per core", Machine.argon2(SINGLE), pairs.register(HASHES));
        report.beside("login", "bare Argon2id, one per core", Machine.argon2(SINGLE), pairs.login(HASHES));
    }

    private void sizes() throws Exception {
        report.head("Start, memory, size");
        report.tableOfBounds();
        long cpu;
        try (Started relay = Started.jar(directory.resolve("cpu"))) {
            health(relay);
            cpu = relay.cpuMillis();
        }
        long bare = fastest(5, () -> timed(() -> Started.program(Nothing.class)));
        long first = timedStart("start");
        long again = fastest(5, () -> timedStart("start"));
        report.bound("bare JVM: start to first word", bare + " ms", "");
        report.bound(
                "first start, with a new database: to the first answer, beyond the bare JVM",
                (first - bare) + " ms",
                "");
        report.bound(
                "start to the first answer, beyond the bare JVM, fastest of 5", (again - bare) + " ms", "1,500 ms");
        report.bound("processor time until the first answer, all threads", cpu + " ms", "");
        storedStart();
        try (Started relay = launched("idle")) {
            health(relay);
            relay.idle(Duration.ofSeconds(8));
            report.bound("resident memory, idle, as the launcher starts it", relay.residentMib() + " MiB", "150 MiB");
        }
        report.bound("size of the jar", String.format(Locale.ROOT, "%.1f MB", Files.size(Started.JAR) / 1e6), "30 MB");
    }

    /** A start reads no event, so a million of them cost nothing: in turn with one without, so that both see the same machine. */
    private void storedStart() throws InterruptedException {
        timedStart("none");
        timedStart("stored");
        long filling = System.nanoTime();
        Stored.fill(directory.resolve("stored"), directory.resolve("stored.key"), STORED_QUEUES, STORED_EACH);
        long seconds = (System.nanoTime() - filling) / 1_000_000_000;
        List<Long> without = new ArrayList<>();
        List<Long> with = new ArrayList<>();
        for (int i = 0; i < STARTS; i++) {
            without.add(timedStart("none"));
            with.add(timedStart("stored"));
        }
        report.bound(
                String.format(
                        Locale.ROOT,
                        "start to the first answer with %,d stored events in %,d queues beyond the same without, medians of %d"
                                + " (%d ms without; filled in %d s)",
                        STORED_QUEUES * STORED_EACH,
                        STORED_QUEUES,
                        STARTS,
                        median(without),
                        seconds),
                (median(with) - median(without)) + " ms",
                "3,000 ms");
    }

    /** The same work on more queues, and beside more stored events: the first figure is what the others are compared with. */
    private void growth() throws InterruptedException {
        report.head("Does the cost grow?");
        report.say("Events of 1 KiB, each committed and then removed, in this process; "
                + "the same work on more and more queues, and beside more and more stored events.");
        report.say("");
        report.say("| what | per second | of the first |");
        report.say("|---|---:|---:|");
        if (!Files.exists(directory.resolve("stored"))) {
            Stored.fill(directory.resolve("stored"), directory.resolve("stored.key"), STORED_QUEUES, STORED_EACH);
        }
        try (Growth one = new Growth(directory.resolve("growth-1"), 1);
                Growth few = new Growth(directory.resolve("growth-100"), 100);
                Growth many = new Growth(directory.resolve("growth-10000"), 10_000);
                Growth most = new Growth(directory.resolve("growth-100000"), 100_000);
                Growth beside = new Growth(directory.resolve("stored"), 100)) {
            List<Growth> all = List.of(one, few, many, most, beside);
            // In turn: what else the machine does meanwhile shall meet all of them.
            for (int round = 0; round < GROWTH_ROUNDS; round++) {
                for (Growth each : all) {
                    if (round == GROWTH_ROUNDS_WARM) {
                        each.reset();
                    }
                    each.run(GROWTH_ROUND);
                }
            }
            grew("1 queue", one, one);
            grew("100 queues", few, one);
            grew("10,000 queues", many, one);
            grew("100,000 queues", most, one);
            grew(
                    String.format(
                            Locale.ROOT,
                            "100 queues, %,d events stored beside: of the 100",
                            STORED_QUEUES * STORED_EACH),
                    beside,
                    few);
        }
    }

    private void grew(String what, Growth growth, Growth first) {
        report.say(String.format(
                Locale.ROOT,
                "| %s | %,.0f | %.0f %% |",
                what,
                growth.perSecond(),
                100 * growth.perSecond() / first.perSecond()));
    }

    private static long median(List<Long> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
    }

    private Started launched(String name) throws IOException {
        return Files.isExecutable(Path.of("scripts", "run"))
                ? Started.launcher(directory.resolve(name))
                : Started.jar(directory.resolve(name));
    }

    private long timedStart(String name) {
        return timed(() -> {
            Started relay = Started.jar(directory.resolve(name));
            health(relay);
            return relay;
        });
    }

    private static void health(Started relay) {
        try (Carrier carrier = Carrier.to(relay.address())) {
            new RelayClient(carrier).health();
        }
    }

    private static long timed(Supplier<Started> start) {
        long begin = System.nanoTime();
        Started started = start.get();
        long millis = (System.nanoTime() - begin) / 1_000_000;
        started.close();
        return millis;
    }

    /** Other work on the machine only ever adds to a start: the fastest says most about the program. */
    private static long fastest(int times, Supplier<Long> measure) {
        return Stream.generate(measure)
                .limit(times)
                .min(Comparator.naturalOrder())
                .orElseThrow();
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
