// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.handshaker.support.OperatorSocket;

/**
 * What those who are signed in notice of an attack: strangers with a circuit each, at the level of tor's PROXY line, since no
 * private network has so many circuits. Relay and attackers share the machine.
 */
final class Attacks {
    private static final int PEOPLE = 20;
    private static final int FEW = 500;
    private static final int MANY = 10_000;
    private static final Duration SHORT = Duration.ofSeconds(20);
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final Duration CALM_AGAIN_MAX = Duration.ofSeconds(90);

    private static final int FIRST_ATTACKER = 100_000;
    private static final int FIRST_PERSON = 50_000;
    private static final int PASSER_BY = 40_000;
    private static final int HAMMER = 30_000;

    private final Report report;
    private final Path directory;

    Attacks(Report report, Path directory) {
        this.report = report;
        this.directory = directory;
    }

    void run() throws Exception {
        Path data = directory.resolve("attacked");
        People people = people(data);
        report.head("Under attack");
        report.say(
                "Relay and attackers on one machine, every limit and the puzzle as by default, each attacker on a circuit of its own"
                        + " with its next request as soon as the last one is answered.");
        report.say("");
        report.tableOfBounds();
        attack(data, people, "auto", this::hammer);
        attack(data, people, "auto", (relay, known) -> guess(relay, known, "auto"));
        attack(data, people, "off", (relay, known) -> guess(relay, known, "off"));
        attack(data, people, "auto", this::flood);
    }

    private interface Attack {
        void run(Guarded relay, People people) throws Exception;
    }

    private static void attack(Path data, People people, String puzzle, Attack attack) throws Exception {
        try (Guarded relay = new Guarded(data, "--tor=torrc", "--puzzle=" + puzzle)) {
            warm(relay, people);
            attack.run(relay, people);
        }
    }

    /** They were there before the attack: sessions outlive a restart. */
    private static People people(Path data) throws IOException {
        try (Guarded relay = new Guarded(data, "--tor=none", "--limits=off", "--puzzle=off")) {
            return People.register(relay.address(), PEOPLE);
        }
    }

    /** Until the compilers have seen the way that is measured. */
    private static void warm(Guarded relay, People people) throws IOException {
        try (Caller caller = Caller.onCircuit(relay.address(), PASSER_BY)) {
            for (int i = 0; i < 3_000; i++) {
                caller.call("GET", "/health", null, "");
            }
            for (int round = 0; round < 100; round++) {
                for (int person = 0; person < PEOPLE; person++) {
                    caller.call("GET", "/events?limit=1", people.token(person), "");
                }
            }
        }
    }

    /** One circuit says more than it may, as fast as it can; another one goes on as before. */
    private void hammer(Guarded relay, People people) throws Exception {
        Samples before = passBy(relay, SHORT);
        Samples during;
        Map<String, Long> answers;
        try (Swarm swarm =
                new Swarm(relay.address(), 1, HAMMER, (attacker, said) -> login("@somebody", "wrong password"))) {
            during = passBy(relay, SHORT);
            answers = swarm.answers();
        }
        report.bound(
                String.format(
                        Locale.ROOT,
                        "one circuit hammers sign-in (%s): p99 of another one's calls, of what it was before (%.2f ms, %d calls; now %.2f ms, %d calls)",
                        answers,
                        before.millis(0.99),
                        before.count(),
                        during.millis(0.99),
                        during.count()),
                String.format(Locale.ROOT, "%.2f", during.millis(0.99) / before.millis(0.99)),
                "1.5");
    }

    private static Samples passBy(Guarded relay, Duration time) throws IOException {
        Samples samples = new Samples();
        long end = System.nanoTime() + time.toNanos();
        try (Caller caller = Caller.onCircuit(relay.address(), PASSER_BY)) {
            while (System.nanoTime() < end) {
                long start = System.nanoTime();
                if (caller.call("GET", "/health", null, "").status() != 200) {
                    throw new IllegalStateException("a passer-by was refused");
                }
                samples.add(System.nanoTime() - start);
                LockSupport.parkNanos(2_000_000);
            }
        }
        return samples;
    }

    private static byte[] login(String name, String password) {
        return Caller.request(
                "POST", "/auth/login", null, "{\"username\":\"" + name + "\",\"password\":\"" + password + "\"}");
    }

    private static byte[] register(String name, String password) {
        return Caller.request(
                "POST", "/auth/register", null, "{\"username\":\"" + name + "\",\"password\":\"" + password + "\"}");
    }

    /** Strangers guess and register, all at once, for a while. */
    private void guess(Guarded relay, People people, String puzzle) throws Exception {
        long base = relay.residentMib();
        Gauge gauge = new Gauge(relay);
        Swarm.Speech speech = (attacker, said) -> attacker % 5 == 0
                ? register("new" + attacker + "_" + said, "short")
                : login("@" + people.name(attacker % PEOPLE), "wrong password " + said);
        Watch watch = new Watch(relay.address(), people);
        Map<String, Long> answers;
        long end = System.nanoTime() + SHORT.toNanos();
        try (Swarm swarm = new Swarm(relay.address(), FEW, FIRST_ATTACKER, speech)) {
            watch.until(end, gauge);
            answers = swarm.answers();
        }
        long peak = gauge.peakMib.get();
        long after = relay.residentMib();
        long calm = System.nanoTime() + CALM_AGAIN_MAX.toNanos();
        while (after > base * 1.15 + 8 && System.nanoTime() < calm) {
            LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
            after = relay.residentMib();
        }
        String what = FEW + " strangers sign in and register with bad passwords, puzzle " + puzzle + ": ";
        report.bound(what + "they were answered", answers.toString(), "");
        report.bound(
                what + "hashes at once, at most", String.valueOf(gauge.hashesMax.get()), String.valueOf(Machine.CORES));
        report.bound(what + "p99 of /health (" + watch.health.count() + " calls)", millis(watch.health), "250 ms");
        report.bound(
                what + "p99 of a signed-in poll (" + watch.polls.count() + " calls)", millis(watch.polls), "250 ms");
        report.bound(
                what + "known devices signed in, of all tries, slowest " + watch.slowestSignInMillis + " ms",
                watch.signIns + " of " + watch.triesToSignIn,
                "all");
        report.bound(
                what + "resident memory before, at most, and after within " + CALM_AGAIN_MAX.toSeconds() + " s",
                base + ", " + peak + ", " + after + " MiB",
                "");
    }

    private static String millis(Samples samples) {
        return String.format(Locale.ROOT, "%.1f ms", samples.millis(0.99));
    }

    /** Looks at the relay from the operator's side while it is attacked. */
    private static final class Gauge {
        private final Guarded relay;
        private final OperatorSocket operator;
        final AtomicInteger hashesMax = new AtomicInteger();
        final AtomicLong peakMib = new AtomicLong();

        Gauge(Guarded relay) {
            this.relay = relay;
            this.operator = relay.operator();
        }

        void look() throws IOException {
            JsonNode status = operator.status();
            hashesMax.accumulateAndGet(status.path("hashes_running").asInt(), Math::max);
            peakMib.accumulateAndGet(relay.residentMib(), Math::max);
        }
    }

    /** What a passer-by, somebody who is signed in and a known device see meanwhile; one after the other, so they wait for themselves only. */
    private static final class Watch {
        private final InetSocketAddress server;
        private final People people;
        final Samples health = new Samples();
        final Samples polls = new Samples();
        int signIns;
        int triesToSignIn;
        long slowestSignInMillis;

        Watch(InetSocketAddress server, People people) {
            this.server = server;
            this.people = people;
        }

        void until(long end, Gauge gauge) throws Exception {
            Thread device = new Thread(() -> signIn(end), "device");
            device.start();
            try (Caller passer = Caller.onCircuit(server, PASSER_BY);
                    Caller signedIn = Caller.onCircuit(server, FIRST_PERSON)) {
                for (int round = 0; System.nanoTime() < end; round++) {
                    long start = System.nanoTime();
                    requireOk(passer.call("GET", "/health", null, ""));
                    long between = System.nanoTime();
                    health.add(between - start);
                    requireOk(signedIn.call("GET", "/events?limit=1", people.token(round % PEOPLE), ""));
                    polls.add(System.nanoTime() - between);
                    if (round % 8 == 0) {
                        gauge.look();
                    }
                    LockSupport.parkNanos(10_000_000);
                }
            }
            device.join();
        }

        private static void requireOk(Caller.Answer answer) {
            if (answer.status() != 200) {
                throw new IllegalStateException("refused: " + answer);
            }
        }

        private void signIn(long end) {
            for (int i = 0; System.nanoTime() < end; i++) {
                int person = i % PEOPLE;
                triesToSignIn++;
                long start = System.nanoTime();
                try (Caller caller = Caller.onCircuit(server, FIRST_PERSON + 1_000 + i)) {
                    Caller.Answer answer = caller.call(
                            "POST",
                            "/auth/login",
                            null,
                            "{\"username\":\"" + people.name(person) + "\",\"password\":\"" + People.PASSWORD
                                    + "\",\"device_token\":\"" + people.device(person) + "\"}");
                    signIns += answer.status() == 200 ? 1 : 0;
                } catch (IOException cutOff) {
                    // Counted as a try.
                }
                slowestSignInMillis = Math.max(slowestSignInMillis, (System.nanoTime() - start) / 1_000_000);
                LockSupport.parkNanos(Duration.ofMillis(500).toNanos());
            }
        }
    }

    /** Everything that strangers can do, from as many circuits as there can be. */
    private void flood(Guarded relay, People people) throws Exception {
        Swarm.Speech speech = (attacker, said) -> switch ((attacker + said) % 8) {
            case 0, 1, 2 -> login("@" + people.name(attacker % PEOPLE), "wrong password");
            case 3 -> register("new" + attacker + "_" + said, People.PASSWORD);
            case 4 ->
                Caller.request("POST", "/auth/forgot-password", null, "{\"username\":\"@" + people.name(0) + "\"}");
            case 5 -> Caller.request("GET", "/auth/puzzle?for=login", null, "");
            case 6 -> Caller.request("GET", "/users/@somebody", "not a token", "");
            default -> Caller.request("GET", "/openapi.yaml", null, "");
        };
        AtomicInteger tries = new AtomicInteger();
        AtomicInteger successes = new AtomicInteger();
        List<Samples> samples = new ArrayList<>();
        int connected;
        Map<String, Long> answers;
        try (Swarm swarm = new Swarm(relay.address(), MANY, FIRST_ATTACKER, speech)) {
            long ready = System.nanoTime() + LONG.toNanos();
            while (swarm.connected() < MANY && System.nanoTime() < ready) {
                LockSupport.parkNanos(PAUSE.toNanos());
            }
            connected = swarm.connected();
            long end = System.nanoTime() + LONG.toNanos();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < PEOPLE; i++) {
                int person = i;
                Samples own = new Samples();
                samples.add(own);
                Thread thread = new Thread(
                        () -> goOn(relay.address(), people, person, end, own, tries, successes), "person-" + i);
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            answers = swarm.answers();
        }
        Samples all = new Samples();
        samples.forEach(all::addAll);
        long total = answers.values().stream().mapToLong(Long::longValue).sum();
        report.bound(
                String.format(
                        Locale.ROOT,
                        "%,d circuits attack (%,d connected) for 60 s with all that strangers can do (%,d answers: %s): calls of %d signed-in people"
                                + " that succeed, of %,d; median %.0f ms, p99 %.0f ms",
                        MANY,
                        connected,
                        total,
                        answers,
                        PEOPLE,
                        tries.get(),
                        all.millis(0.5),
                        all.millis(0.99)),
                String.format(Locale.ROOT, "%.2f %%", 100.0 * successes.get() / tries.get()),
                "99 %");
    }

    /** Polls, and sends to a friend, as somebody does who has an account; with a new connection now and then. */
    private static void goOn(
            InetSocketAddress server,
            People people,
            int person,
            long end,
            Samples samples,
            AtomicInteger tries,
            AtomicInteger successes) {
        String send =
                "{\"to_user\":\"@" + people.name(person ^ 1) + "\",\"kind\":\"offer\",\"payload\":\"x\",\"id\":\"%d\"}";
        Caller caller = Caller.onCircuit(server, FIRST_PERSON + person);
        for (int i = 0; System.nanoTime() < end; i++) {
            if (i % 10 == 9) {
                caller.close();
            }
            tries.incrementAndGet();
            long start = System.nanoTime();
            try {
                Caller.Answer answer = i % 5 == 4
                        ? caller.call("POST", "/events", people.token(person), send.formatted(i))
                        : caller.call("GET", "/signaling/poll", people.token(person), "");
                if (answer.status() < 300) {
                    successes.incrementAndGet();
                }
            } catch (IOException cutOffOrLate) {
                // Counted as a try.
            }
            samples.add(System.nanoTime() - start);
            LockSupport.parkNanos(PAUSE.toNanos());
        }
        caller.close();
    }
}
