// SPDX-License-Identifier: MIT
package org.handshaker.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.handshaker.client.Carrier;
import org.handshaker.client.Event;
import org.handshaker.client.Events;
import org.handshaker.client.Poll;
import org.handshaker.client.RelayAddress;
import org.handshaker.client.RelayClient;
import org.handshaker.support.Program;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Accepted means safe: the real program under load is killed at a random moment and started again on the same files, and
 * everything it gave a receipt for is there. {@code -Dcrash.rounds=1000} for longer, at most {@code -Dcrash.minutes=40};
 * {@code -Dseed=N} to go the same way.
 */
@Timeout(value = 3, unit = TimeUnit.HOURS)
class CrashTest {
    private static final int ROUNDS = Integer.getInteger("crash.rounds", 50);
    private static final Duration LONGEST = Duration.ofMinutes(Integer.getInteger("crash.minutes", 150));
    /** Rounds between two lines about a long run. */
    private static final int NEWS = 100;

    /** Long, because a long run may have to make do with what other work leaves it. */
    private static final int START_SECONDS = 180;

    private static final String PASSWORD = "a password for a test";

    @TempDir
    Path directory;

    private final long seed = Long.getLong("seed", new Random().nextLong());
    private final Random random = new Random(seed);
    private final Map<String, RelayClient> people = new LinkedHashMap<>();
    private final Map<String, Ledger> ledgers = Map.of("cat", new Ledger(), "dan", new Ledger());

    @Test
    void whateverGotAReceiptOutlivesKillMinusNine() throws Exception {
        long promised = 0;
        int round = 0;
        long end = System.nanoTime() + LONGEST.toNanos();
        try (Carrier carrier = Carrier.to(RelayAddress.parse("unix:" + socket()))) {
            try (Program relay = start()) {
                makeFriends(carrier);
                live(relay, round);
            }
            for (round = 1; round <= ROUNDS && System.nanoTime() < end; round++) {
                Remains.requireWhole(directory);
                try (Program relay = start()) {
                    promised += settle();
                    live(relay, round);
                }
                if (round % NEWS == 0) {
                    report(round, promised);
                }
            }
            Remains.requireWhole(directory);
            try (Program relay = start()) {
                promised += settle();
                relay.terminate();
                assertEquals(0, relay.awaitExit(30));
            }
        } catch (Throwable failed) {
            throw new AssertionError("seed " + seed + ", round " + round + ", " + promised + " receipts kept", failed);
        }
        assertTrue(promised >= round, "too little was sent: " + promised);
        report(round - 1, promised);
    }

    private void report(int rounds, long promised) {
        System.out.println("crash: " + rounds + " rounds, " + promised + " receipts kept, seed " + seed);
    }

    private Path socket() {
        return directory.resolve("s");
    }

    private Program start() throws IOException {
        Program relay = Program.start(
                directory.resolve("errors"),
                "serve",
                "--data",
                directory.resolve("data").toString(),
                "--key-file",
                directory.resolve("key").toString(),
                "--listen",
                "unix:" + socket(),
                "--tor",
                "none",
                "--limits",
                "off",
                "--puzzle",
                "off",
                "--argon2",
                "m=1024,t=1,p=1",
                "--linger",
                "50ms");
        relay.awaitLine("ready", START_SECONDS);
        return relay;
    }

    private void makeFriends(Carrier carrier) {
        for (String name : new String[] {"ann", "ben", "cat", "dan"}) {
            RelayClient person = new RelayClient(carrier);
            person.register(name, PASSWORD);
            people.put(name, person);
        }
        for (String sender : new String[] {"ann", "ben"}) {
            for (String reader : ledgers.keySet()) {
                person(sender).request("@" + reader);
                person(reader).request("@" + sender);
            }
        }
    }

    private RelayClient person(String name) {
        return people.getOrDefault(name, people.values().iterator().next());
    }

    /** Load, and an end at a random moment: mostly a kill, sometimes a request to stop, which must lose nothing either. */
    private void live(Program relay, int round) throws Exception {
        CountDownLatch receipts = new CountDownLatch(random.nextInt(250));
        Life life = new Life(people, ledgers, round, random.nextLong(), receipts);
        life.begin();
        // Bounded: with both readers away the queues fill up and no more receipts come.
        boolean isReached = receipts.await(2, TimeUnit.SECONDS);
        if (isReached && random.nextInt(10) == 0) {
            relay.terminate();
            assertEquals(0, relay.awaitExit(30));
        } else {
            relay.kill();
            relay.awaitExit(30);
        }
        life.end();
    }

    /** Reads both queues to their end, acking as it goes, and compares with what was promised. */
    private int settle() {
        int promised = 0;
        for (Map.Entry<String, Ledger> each : ledgers.entrySet()) {
            Poll poll = Poll.now();
            while (true) {
                Events page = person(each.getKey()).events(poll);
                for (Event event : page.events()) {
                    if (event.fromUser() != null) {
                        each.getValue().sawAfter(event);
                    }
                }
                if (page.events().isEmpty()) {
                    break;
                }
                poll = Poll.now().acking(page.lastSeq());
            }
            promised += each.getValue().settle();
        }
        return promised;
    }
}
