// SPDX-License-Identifier: MIT
package org.handshaker.crash;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.handshaker.client.Event;
import org.handshaker.client.Events;
import org.handshaker.client.Poll;
import org.handshaker.client.Receipt;
import org.handshaker.client.RelayClient;
import org.handshaker.client.RelayRefused;
import org.handshaker.client.RelaySocket;
import org.handshaker.client.RelayUnreachable;
import org.jspecify.annotations.Nullable;

/** One life of the relay under load: senders over HTTP and sockets, readers of both kinds, until it ends. */
final class Life {
    private static final int OPEN_MAX = 16;
    private static final long PATIENCE_SECONDS = 30;
    private static final Set<String> ENDS = Set.of("shutting_down", "queue_full", "http_503");

    private final Map<String, RelayClient> people;
    private final Map<String, Ledger> ledgers;
    private final int life;
    private final long seed;
    private final CountDownLatch receipts;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean isOver;

    /**
     * Starts no thread yet.
     *
     * @param receipts counted down at each receipt
     */
    Life(Map<String, RelayClient> people, Map<String, Ledger> ledgers, int life, long seed, CountDownLatch receipts) {
        this.people = people;
        this.ledgers = ledgers;
        this.life = life;
        this.seed = seed;
        this.receipts = receipts;
    }

    private interface Work {
        void run(Random random) throws Exception;
    }

    /** Ann sends over a socket, Ben over HTTP; Cat reads a socket, Dan polls, and now and then one of them is away. */
    void begin() {
        Random random = new Random(seed);
        start("ann", this::sendOverSocket);
        start("ben", this::sendOverHttp);
        if (random.nextInt(4) > 0) {
            start("cat", this::readSocket);
        }
        if (random.nextInt(4) > 0) {
            start("dan", this::readPolls);
        }
    }

    private void start(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run(new Random(seed ^ name.hashCode()));
                    } catch (Throwable thrown) {
                        if (!isEnd(thrown)) {
                            failure.compareAndSet(null, thrown);
                        }
                    }
                },
                name);
        threads.add(thread);
        thread.start();
    }

    /** The relay has ended; everybody notices. */
    void end() throws InterruptedException {
        isOver = true;
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
            if (thread.isAlive()) {
                throw new AssertionError(thread.getName() + " waits for a relay that has ended");
            }
        }
        @Nullable Throwable broken = failure.get();
        if (broken != null) {
            throw new AssertionError(broken);
        }
    }

    /** The relay was killed or stops, or nobody reads what is sent. Any other refusal is a fault. */
    private static boolean isEnd(@Nullable Throwable thrown) {
        return thrown instanceof RelayUnreachable
                || (thrown instanceof RelayRefused refused && ENDS.contains(refused.code()));
    }

    private RelayClient person(String name) {
        @Nullable RelayClient person = people.get(name);
        if (person == null) {
            throw new IllegalStateException(name);
        }
        return person;
    }

    private Ledger ledger(String name) {
        @Nullable Ledger ledger = ledgers.get(name);
        if (ledger == null) {
            throw new IllegalStateException(name);
        }
        return ledger;
    }

    private String payload(String sender, int number, Random random) {
        return sender + life + ":" + number + ":" + "x".repeat(random.nextInt(20) == 0 ? 20_000 : random.nextInt(500));
    }

    private void sendOverSocket(Random random) throws Exception {
        record Open(String to, String payload, CompletableFuture<Receipt> receipt) {}
        Deque<Open> open = new ArrayDeque<>();
        RelaySocket socket = person("ann").socket(event -> {});
        for (int number = 0; !isOver && socket.isOpen(); number++) {
            String to = random.nextBoolean() ? "cat" : "dan";
            String payload = payload("ann", number, random);
            open.add(new Open(to, payload, socket.send(life + "-" + number, "@" + to, "message", payload)));
            if (open.size() == OPEN_MAX) {
                Open oldest = open.remove();
                settle(oldest.to, oldest.payload, oldest.receipt);
            }
        }
        for (Open left : open) {
            settle(left.to, left.payload, left.receipt);
        }
    }

    private void settle(String to, String payload, CompletableFuture<Receipt> receipt) throws Exception {
        try {
            receipt.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            ledger(to).accepted(payload);
            receipts.countDown();
        } catch (ExecutionException noReceipt) {
            if (!isEnd(noReceipt.getCause())) {
                throw noReceipt;
            }
        } catch (TimeoutException hanging) {
            throw new AssertionError("neither a receipt nor an end", hanging);
        }
    }

    private void sendOverHttp(Random random) {
        for (int number = 0; !isOver; number++) {
            String to = random.nextBoolean() ? "cat" : "dan";
            String payload = payload("ben", number, random);
            person("ben").send("@" + to, "message", payload);
            ledger(to).accepted(payload);
            receipts.countDown();
        }
    }

    private void readSocket(Random random) throws Exception {
        Ledger ledger = ledger("cat");
        CountDownLatch closed = new CountDownLatch(1);
        AtomicReference<@Nullable RelaySocket> socket = new AtomicReference<>();
        RelaySocket opened = person("cat").socket(new RelaySocket.Listener() {
            @Override
            public void event(Event event) {
                if (event.fromUser() == null) {
                    return;
                }
                try {
                    ledger.saw(event);
                } catch (AssertionError wrong) {
                    failure.compareAndSet(null, wrong);
                }
                @Nullable RelaySocket open = socket.get();
                if (open != null && random.nextInt(3) == 0) {
                    ledger.ackedUpTo(event.seq());
                    open.ack(event.seq());
                }
            }

            @Override
            public void closed(int code) {
                closed.countDown();
            }
        });
        socket.set(opened);
        while (!isOver && opened.isOpen() && !closed.await(20, TimeUnit.MILLISECONDS)) {
            // What was not acked at its coming keeps the window shut.
            long seq = ledger.lastSeq();
            ledger.ackedUpTo(seq);
            opened.ack(seq);
        }
    }

    private void readPolls(Random random) {
        Ledger ledger = ledger("dan");
        long ack = Poll.NOTHING;
        while (!isOver) {
            Poll poll = new Poll(1, ack, 1 + random.nextInt(50));
            Events page = person("dan").events(poll);
            page.events().stream().filter(event -> event.fromUser() != null).forEach(ledger::saw);
            ack = page.lastSeq();
            if (ack != Poll.NOTHING) {
                ledger.ackedUpTo(ack);
            }
        }
    }
}
