// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Ten thousand people at once: idle sockets, all of them coming back, and long-polls that wait. */
final class Many implements AutoCloseable {
    static final int PEOPLE = 10_000;
    /** Connecting at once: more than that wait in the generator and not in the kernel's backlog. */
    private static final int CONNECTING_MAX = 250;

    private static final int WAKES_PER_SECOND = 1_000;
    private static final Duration STEP = Duration.ofSeconds(60);
    private static final Duration SETTLED = Duration.ofSeconds(3);
    private static final Duration WARMING = Duration.ofSeconds(6);

    private final Wires wires;
    private final Crowd crowd;
    private int ready;
    private int events;
    private Samples samples = new Samples();

    /** @param crowd {@link #PEOPLE}, of whom person i and person i plus half of them are connected */
    Many(Wires wires, Crowd crowd) {
        this.wires = wires;
        this.crowd = crowd;
    }

    /** What it took. */
    record Result(int count, double seconds, Samples samples) {
        double perSecond() {
            return count / seconds;
        }
    }

    private static final class Counting {
        final long start = System.nanoTime();
    }

    /** Everyone's socket, connected and signed in. */
    Result connect(int from, int to) {
        ready = 0;
        samples = new Samples();
        long begin = System.nanoTime();
        int opened = 0;
        while (opened < to - from) {
            for (; opened < to - from && opened - ready < CONNECTING_MAX; opened++) {
                Counting since = new Counting();
                wires.open(crowd.token(from + opened), (wire, bytes, length) -> {
                    if (Traffic.isReady(bytes)) {
                        ready++;
                        samples.add(System.nanoTime() - since.start);
                    } else {
                        Traffic.ackIfEvent(wire, bytes);
                    }
                });
            }
            int before = ready;
            await("more are ready", () -> ready > before);
        }
        await("all are ready", () -> ready == to - from);
        return new Result(ready, (System.nanoTime() - begin) / 1e9, samples);
    }

    void settle() {
        wires.run(SETTLED, () -> false);
    }

    void leave() {
        wires.closeAll();
        settle();
    }

    /** People of the second half come back, to one event each, and acknowledge it: from connecting to having it. */
    Result comeBack() {
        int half = PEOPLE / 2;
        samples = new Samples();
        events = 0;
        double seconds = 0;
        for (int round = 0; round < 2; round++) {
            int sentBefore = sendToEach(half);
            long begin = System.nanoTime();
            int opened = 0;
            int before = events;
            while (opened < half) {
                for (; opened < half && before + opened - events < CONNECTING_MAX; opened++) {
                    Counting since = new Counting();
                    wires.open(crowd.token(half + opened), (wire, bytes, length) -> {
                        if (Traffic.ackIfEvent(wire, bytes)) {
                            events++;
                            samples.add(System.nanoTime() - since.start);
                        }
                    });
                }
                int now = events;
                await("more have come back", () -> events > now);
            }
            await("everyone has what waited", () -> events - before == sentBefore);
            seconds += (System.nanoTime() - begin) / 1e9;
            leave();
        }
        return new Result(events, seconds, samples);
    }

    /** Each of the first half sends one event to their friend of the second, who is away; then they leave. */
    private int sendToEach(int half) {
        int[] receipts = {0};
        List<Wires.Wire> senders = new ArrayList<>();
        for (int i = 0; i < half; i++) {
            senders.add(wires.open(crowd.token(i), (wire, bytes, length) -> {
                if (Traffic.isReceipt(bytes)) {
                    receipts[0]++;
                } else {
                    Traffic.ackIfEvent(wire, bytes);
                }
            }));
            if (i % CONNECTING_MAX == 0) {
                wires.run(Duration.ofMillis(50), () -> false);
            }
        }
        for (int i = 0; i < half; i++) {
            byte[] frame = Traffic.send("once", crowd.name(half + i), "x");
            senders.get(i).send(frame, frame.length);
        }
        await("all receipts", () -> receipts[0] == half);
        senders.forEach(Wires.Wire::close);
        return half;
    }

    /** Everyone waits in a long-poll, and at a steady pace an event wakes one: from sending to the answer in hand. */
    Result wake(Duration time) {
        int half = PEOPLE / 2;
        int[] answers = {0};
        long[] sentNanos = new long[PEOPLE];
        samples = new Samples();
        List<Wires.Wire> senders = new ArrayList<>();
        for (int i = 0; i < PEOPLE; i++) {
            int person = i;
            if (person < half) {
                senders.add(wires.open(crowd.token(person), (wire, bytes, length) -> Traffic.ackIfEvent(wire, bytes)));
            }
            wires.http(crowd.token(person), (wire, bytes, length) -> {
                        long seq = Traffic.lastSeq(bytes);
                        if (seq > 0 && sentNanos[person] > 0) {
                            samples.add(System.nanoTime() - sentNanos[person]);
                            answers[0]++;
                        }
                        wire.get("/signaling/poll?wait=30" + (seq > 0 ? "&ack=" + seq : ""));
                    })
                    .get("/signaling/poll?wait=30");
            if (i % 50 == 0) {
                wires.run(Duration.ofMillis(20), () -> false);
            }
        }
        settle();
        long begin = System.nanoTime();
        int[] sent = {0};
        wires.everyTurn(() -> {
            long due = (System.nanoTime() - begin) * WAKES_PER_SECOND / TimeUnit.SECONDS.toNanos(1);
            for (; sent[0] < due; sent[0]++) {
                int sender = sent[0] % half;
                sentNanos[half + sender] = System.nanoTime();
                byte[] frame = Traffic.signal(String.valueOf(sent[0]), crowd.name(half + sender));
                senders.get(sender).send(frame, frame.length);
            }
        });
        // The compilers warm up.
        wires.run(WARMING, () -> false);
        samples = new Samples();
        int before = answers[0];
        long warm = System.nanoTime();
        wires.run(time, () -> false);
        Result woken = new Result(answers[0] - before, (System.nanoTime() - warm) / 1e9, samples);
        wires.everyTurn(null);
        settle();
        return woken;
    }

    private void await(String what, BooleanSupplier until) {
        if (!wires.run(STEP, until)) {
            throw new IllegalStateException(
                    "not within " + STEP + ": " + what + " (" + ready + " ready, " + events + " events)");
        }
    }

    @Override
    public void close() {
        wires.closeAll();
    }
}
