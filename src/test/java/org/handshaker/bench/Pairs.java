// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.handshaker.client.Approach;
import org.handshaker.client.Carrier;
import org.handshaker.client.Events;
import org.handshaker.client.Poll;
import org.handshaker.client.RelayClient;
import org.handshaker.core.Secrets;

/** People in pairs, each pair connected: one sends, the other receives. The same for the relay and for the raw server. */
final class Pairs implements AutoCloseable {
    private static final String PASSWORD = "a password of some length";
    private static final String KIBIBYTE = "x".repeat(1_024);
    /** Below half a queue, which is all that one sender may fill. */
    private static final int AWAY_EACH = 400;

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
}
