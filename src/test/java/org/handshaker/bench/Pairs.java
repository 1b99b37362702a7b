// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.handshaker.client.Approach;
import org.handshaker.client.Carrier;
import org.handshaker.client.Event;
import org.handshaker.client.Events;
import org.handshaker.client.Poll;
import org.handshaker.client.RelayClient;
import org.handshaker.client.RelaySocket;
import org.handshaker.core.Secrets;
import org.jspecify.annotations.Nullable;

/** People in pairs, each pair connected: one sends, the other receives. The same for the relay and for the raw server. */
final class Pairs implements AutoCloseable {
    private static final String PASSWORD = "a password of some length";
    private static final String KIBIBYTE = "x".repeat(1_024);
    /** Below half a queue, which is all that one sender may fill. */
    private static final int AWAY_EACH = 400;

    static final int WINDOW = 16;

    private int count;
    private final Carrier carrier;
    private final List<RelayClient> senders = new ArrayList<>();
    private final List<RelayClient> receivers = new ArrayList<>();
    private final List<String> senderNames = new ArrayList<>();
    private final List<String> receiverNames = new ArrayList<>();

    Pairs(int count, Carrier carrier) {
        this.count = count;
        this.carrier = carrier;
        for (int i = 0; i < count; i++) {
            senders.add(new RelayClient(carrier));
            receivers.add(new RelayClient(carrier));
            senderNames.add(newName());
            receiverNames.add(newName());
        }
    }

    private static String newName() {
        return "@b" + HexFormat.of().formatHex(Secrets.randomBytes(8));
    }

    int count() {
        return count;
    }

    /** Everyone registers, as many at once as there are cores. */
    Rate register(Duration longest) {
        int workers = Machine.CORES;
        int[] next = new int[workers];
        Rate rate = Rate.measure(workers, 2 * count / workers, longest, worker -> {
            int person = worker + workers * next[worker]++;
            client(person).register(name(person), PASSWORD);
        });
        // On a slow machine the time is over before everyone is in: those who are make do.
        int complete = 0;
        while (complete < count
                && senders.get(complete).isSignedIn()
                && receivers.get(complete).isSignedIn()) {
            complete++;
        }
        if (complete == 0) {
            throw new IllegalStateException("nobody could register in time");
        }
        count = complete;
        return rate;
    }

    Rate login(Duration longest) {
        int workers = Machine.CORES;
        int[] next = new int[workers];
        return Rate.measure(workers, 2 * count / workers, longest, worker -> {
            int person = worker + workers * next[worker]++;
            client(person).login(name(person), PASSWORD);
        });
    }

    private RelayClient client(int person) {
        return (person % 2 == 0 ? senders : receivers).get(person / 2);
    }

    private String name(int person) {
        return (person % 2 == 0 ? senderNames : receiverNames).get(person / 2);
    }

    void connect() {
        for (int i = 0; i < count; i++) {
            Approach asked = senders.get(i).request(receiverNames.get(i));
            receivers.get(i).respond(asked.requestId(), "accept");
        }
    }

    /** Empty polls, which is what most polls are. */
    Rate poll(Duration longest) {
        return Rate.measure(
                count, 5_000, longest, worker -> receivers.get(worker).signals(Poll.now()));
    }

    /** Sends by POST to people who are away, so that each lands on the disk; the queues are emptied off the clock. */
    Rate sendToAway(Duration longest) {
        return rounds(
                longest,
                left -> Rate.measure(count, AWAY_EACH, left, worker -> senders.get(worker)
                        .signal(receiverNames.get(worker), "offer", KIBIBYTE)));
    }

    /** The same over sockets, a window of sends under way in each. */
    Rate socketToAway(Duration longest) {
        List<RelaySocket> sockets = new ArrayList<>();
        try {
            senders.subList(0, count).forEach(sender -> sockets.add(sender.socket(event -> {})));
            return rounds(longest, left -> windows(sockets, WINDOW, AWAY_EACH, left));
        } finally {
            sockets.forEach(RelaySocket::close);
        }
    }

    /** Over sockets to people who are there and acknowledge each event at once; {@code window} sends under way per pair. */
    Rate socketToPresent(int pairs, int window, Duration longest) {
        List<RelaySocket> sockets = new ArrayList<>();
        try {
            for (RelayClient receiver : receivers.subList(0, Math.min(pairs, count))) {
                Acking acking = new Acking();
                RelaySocket socket = receiver.socket(acking);
                acking.start(socket);
                sockets.add(socket);
            }
            List<RelaySocket> sending = new ArrayList<>();
            senders.subList(0, Math.min(pairs, count)).forEach(sender -> sending.add(sender.socket(event -> {})));
            sockets.addAll(sending);
            // What the first round takes is the compilers warming up.
            windows(sending, window, 500, Duration.ofSeconds(2));
            return windows(sending, window, 5_000, longest);
        } finally {
            sockets.forEach(RelaySocket::close);
        }
    }

    private Rate windows(List<RelaySocket> sockets, int window, int each, Duration longest) {
        Rate.Clock clock = new Rate.Clock(sockets.size() * each);
        Queue<CompletableFuture<?>> sent = new ConcurrentLinkedQueue<>();
        List<Semaphore> windows = new ArrayList<>();
        sockets.forEach(socket -> windows.add(new Semaphore(window)));
        Rate.measure(sockets.size(), each, longest, worker -> {
            Semaphore room = windows.get(worker);
            if (!room.tryAcquire(20, TimeUnit.SECONDS)) {
                throw new IllegalStateException("no receipt within 20 s");
            }
            long start = System.nanoTime();
            sent.add(sockets.get(worker)
                    .send(receiverNames.get(worker), "offer", KIBIBYTE)
                    .whenComplete((receipt, failed) -> {
                        clock.took(System.nanoTime() - start);
                        room.release();
                    }));
        });
        CompletableFuture.allOf(sent.toArray(CompletableFuture[]::new))
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        return clock.rate();
    }

    private interface Round {
        Rate run(Duration left);
    }

    private Rate rounds(Duration longest, Round round) {
        drain();
        round.run(Duration.ofSeconds(1));
        drain();
        Rate all = round.run(longest);
        drain();
        while (all.seconds() < longest.toMillis() / 1_000.0 * 0.6) {
            all = all.and(round.run(longest.minusMillis((long) (all.seconds() * 1_000))));
            drain();
        }
        return all;
    }

    private void drain() {
        Rate.measure(count, 1, Duration.ofSeconds(30), worker -> {
            RelayClient receiver = receivers.get(worker);
            Events events = receiver.events(Poll.now());
            while (!events.events().isEmpty()) {
                events = receiver.events(Poll.now().acking(events.lastSeq()));
            }
        });
    }

    @Override
    public void close() {
        carrier.close();
    }

    /** Acknowledges each event as it comes; the first may come before the socket is known here. */
    private static final class Acking implements RelaySocket.Listener {
        private @Nullable RelaySocket socket;
        private long early = Poll.NOTHING;

        synchronized void start(RelaySocket opened) {
            socket = opened;
            if (early != Poll.NOTHING) {
                opened.ack(early);
            }
        }

        @Override
        public synchronized void event(Event event) {
            if (socket == null) {
                early = event.seq();
            } else {
                socket.ack(event.seq());
            }
        }
    }
}
