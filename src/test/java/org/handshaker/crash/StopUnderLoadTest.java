// SPDX-License-Identifier: MIT
package org.handshaker.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.handshaker.client.Carrier;
import org.handshaker.client.Event;
import org.handshaker.client.Events;
import org.handshaker.client.Poll;
import org.handshaker.client.RelayAddress;
import org.handshaker.client.RelayClient;
import org.handshaker.client.RelayRefused;
import org.handshaker.client.RelaySocket;
import org.handshaker.client.RelayUnreachable;
import org.handshaker.support.Program;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real program is asked to stop under load: it ends within five seconds, every socket hears 4503 after every receipt that
 * it is owed, and what got a receipt is there when the relay is started again. {@code -Dstop.rounds=20} for more.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class StopUnderLoadTest {
    private static final int ROUNDS = Integer.getInteger("stop.rounds", 1);
    private static final int PAIRS = 20;
    private static final int HTTP_SENDERS = 4;
    /** Receipts under way to one socket. */
    private static final int WINDOW = 16;
    /** Until the relay is asked to stop. */
    private static final int RECEIPTS = 500;

    private static final int STOP_SECONDS_MAX = 5;
    private static final String PASSWORD = "a password for a test";
    private static final Set<String> ENDS = Set.of("shutting_down", "queue_full");

    @TempDir
    Path directory;

    private final Map<String, Ledger> ledgers = new TreeMap<>();
    private final Map<String, RelayClient> people = new TreeMap<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    @Test
    void aStopUnderLoadIsQuickAndLosesNothing() throws Exception {
        List<Long> millis = new ArrayList<>();
        long promised = 0;
        try (Carrier carrier = Carrier.to(RelayAddress.parse("unix:" + directory.resolve("s")))) {
            for (int round = 0; round < ROUNDS; round++) {
                try (Program relay = start()) {
                    if (round == 0) {
                        makeFriends(carrier);
                    }
                    promised += settle();
                    millis.add(new Round(round).play(relay));
                }
            }
            try (Program relay = start()) {
                promised += settle();
                relay.terminate();
                assertEquals(0, relay.awaitExit(30));
            }
        }
        Collections.sort(millis);
        System.out.println(
                "stop under load: " + ROUNDS + " rounds, " + promised + " receipts kept, milliseconds " + millis);
        assertTrue(millis.get(millis.size() - 1) <= STOP_SECONDS_MAX * 1_000L, "too slow: " + millis);
    }

    private Program start() throws IOException {
        Program relay = Program.start(
                directory.resolve("errors"),
                "serve",
                "--data=" + directory.resolve("data"),
                "--key-file=" + directory.resolve("key"),
                "--listen=unix:" + directory.resolve("s"),
                "--tor=none",
                "--limits=off",
                "--puzzle=off",
                "--argon2=m=1024,t=1,p=1");
        relay.awaitLine("ready", 60);
        return relay;
    }

    private void makeFriends(Carrier carrier) {
        for (int i = 0; i < PAIRS; i++) {
            RelayClient sender = new RelayClient(carrier);
            RelayClient reader = new RelayClient(carrier);
            sender.register("sender" + i, PASSWORD);
            reader.register("reader" + i, PASSWORD);
            sender.request("@reader" + i);
            reader.request("@sender" + i);
            people.put("sender" + i, sender);
            people.put("reader" + i, reader);
            ledgers.put("reader" + i, new Ledger());
        }
    }

    private RelayClient person(String name) {
        @Nullable RelayClient person = people.get(name);
        if (person == null) {
            throw new IllegalStateException(name);
        }
        return person;
    }

    private Ledger ledger(int pair) {
        return ledgers.getOrDefault("reader" + pair, new Ledger());
    }

    private int settle() {
        int promised = 0;
        for (Map.Entry<String, Ledger> each : ledgers.entrySet()) {
            Poll poll = Poll.now();
            while (true) {
                Events page = person(each.getKey()).events(poll);
                page.events().stream().filter(event -> event.fromUser() != null).forEach(each.getValue()::sawAfter);
                if (page.events().isEmpty()) {
                    break;
                }
                poll = Poll.now().acking(page.lastSeq());
            }
            promised += each.getValue().settle();
        }
        return promised;
    }

    /** One life of the relay. Odd readers ack what comes, even ones never do: theirs is in memory when the stop comes. */
    private final class Round {
        private final int round;
        private final CountDownLatch receipts = new CountDownLatch(RECEIPTS);
        private final Set<String> heard = ConcurrentHashMap.newKeySet();
        private final Set<String> receipted = ConcurrentHashMap.newKeySet();
        private final Queue<Integer> codes = new ConcurrentLinkedQueue<>();
        private final CountDownLatch closed = new CountDownLatch(2 * PAIRS);
        private final List<Thread> threads = new ArrayList<>();
        private volatile boolean isOver;

        Round(int round) {
            this.round = round;
        }

        /** How many milliseconds the relay took to end. */
        long play(Program relay) throws Exception {
            for (int pair = 0; pair < PAIRS; pair++) {
                read(pair);
            }
            for (int pair = 0; pair < PAIRS; pair++) {
                int mine = pair;
                RelaySocket socket = person("sender" + pair).socket(new Closing());
                start("socket " + pair, () -> sendOver(socket, mine));
            }
            for (int pair = 0; pair < HTTP_SENDERS; pair++) {
                int mine = pair;
                start("http " + pair, () -> sendByHttp(mine));
            }
            assertTrue(receipts.await(60, TimeUnit.SECONDS), "too few receipts");
            long begin = System.nanoTime();
            relay.terminate();
            assertEquals(0, relay.awaitExit(30));
            long millis = (System.nanoTime() - begin) / 1_000_000;
            isOver = true;
            for (Thread thread : threads) {
                thread.join(TimeUnit.SECONDS.toMillis(30));
                assertTrue(!thread.isAlive(), thread.getName() + " waits for a relay that has ended");
            }
            assertTrue(closed.await(10, TimeUnit.SECONDS), "a socket hangs");
            assertEquals(Collections.nCopies(2 * PAIRS, 4_503), List.copyOf(codes));
            @Nullable Throwable broken = failure.get();
            if (broken != null) {
                throw new AssertionError(broken);
            }
            for (String payload : heard) {
                assertTrue(receipted.contains(payload), "pushed and not receipted: " + payload);
            }
            return millis;
        }

        private final class Closing implements RelaySocket.Listener {
            @Override
            public void event(Event event) {}

            @Override
            public void closed(int code) {
                codes.add(code);
                closed.countDown();
            }
        }

        private void read(int pair) {
            Closing closing = new Closing();
            AtomicReference<@Nullable RelaySocket> socket = new AtomicReference<>();
            socket.set(person("reader" + pair).socket(new RelaySocket.Listener() {
                @Override
                public void event(Event event) {
                    if (event.fromUser() == null) {
                        return;
                    }
                    ledger(pair).saw(event);
                    heard.add(event.payload());
                    @Nullable RelaySocket open = socket.get();
                    if (pair % 2 == 1 && open != null) {
                        ledger(pair).ackedUpTo(event.seq());
                        open.ack(event.seq());
                    }
                }

                @Override
                public void closed(int code) {
                    closing.closed(code);
                }
            }));
        }

        private void start(String name, Runnable work) {
            Thread thread = new Thread(
                    () -> {
                        try {
                            work.run();
                        } catch (RelayUnreachable ended) {
                            return;
                        } catch (RelayRefused refused) {
                            if (!ENDS.contains(refused.code())) {
                                failure.compareAndSet(null, refused);
                            }
                        } catch (Throwable thrown) {
                            failure.compareAndSet(null, thrown);
                        }
                    },
                    name);
            threads.add(thread);
            thread.start();
        }

        private void sendOver(RelaySocket socket, int pair) {
            Semaphore window = new Semaphore(WINDOW);
            for (int number = 0; !isOver && socket.isOpen(); number++) {
                window.acquireUninterruptibly();
                String payload = "s" + round + "-" + pair + ":" + number + ":" + "x".repeat(200);
                var unused = socket.send(round + "-" + number, "@reader" + pair, "message", payload)
                        .whenComplete((receipt, failed) -> {
                            window.release();
                            told(pair, payload, failed);
                        });
            }
        }

        private void told(int pair, String payload, @Nullable Throwable failed) {
            if (failed == null) {
                ledger(pair).accepted(payload);
                receipted.add(payload);
                receipts.countDown();
            } else if (failed instanceof RelayRefused refused && !ENDS.contains(refused.code())) {
                failure.compareAndSet(null, refused);
            }
        }

        private void sendByHttp(int pair) {
            for (int number = 0; !isOver; number++) {
                String payload = "h" + round + "-" + pair + ":" + number + ":" + "x".repeat(200);
                person("sender" + pair).send("@reader" + pair, "message", payload);
                told(pair, payload, null);
            }
        }
    }
}
