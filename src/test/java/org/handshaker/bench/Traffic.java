// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Pairs on sockets, the same against the relay and against the raw forwarder: one sends, the other acknowledges. */
final class Traffic implements AutoCloseable {
    private static final Duration STEP = Duration.ofSeconds(20);
    private static final String KIBIBYTE = "x".repeat(1_024);
    private static final byte[] RECEIPT = bytes("{\"type\":\"receipt\",\"id\":\"");
    private static final byte[] EVENT = bytes("{\"type\":\"event\"");
    private static final byte[] PRESENCE = bytes("{\"type\":\"presence\"");
    private static final byte[] READY = bytes("{\"type\":\"ready\"");
    private static final byte[] SEQ = bytes("\"seq\":");
    private static final int ID_DIGITS = 12;

    private final Wires wires;
    private final Crowd crowd;
    private final List<Sender> senders = new ArrayList<>();
    private final List<Wires.Wire> receivers = new ArrayList<>();
    private final int pairs;
    private int ready;
    private long acked;
    private long received;
    private boolean isMeasuring;
    private boolean isPaced;
    private Samples receipts = new Samples();
    private Samples arrivals = new Samples();

    /** @param crowd people 0 to pairs-1 send to people pairs to 2*pairs-1, and are connected */
    Traffic(Wires wires, Crowd crowd, int pairs) {
        this.wires = wires;
        this.crowd = crowd;
        this.pairs = pairs;
    }

    static List<int[]> pairs(int count) {
        List<int[]> pairs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            pairs.add(new int[] {i, count + i});
        }
        return pairs;
    }

    /** What a run measured. */
    record Result(long events, double seconds, Samples receipts, Samples arrivals) {
        double perSecond() {
            return events / seconds;
        }
    }

    private final class Sender implements Wires.Listener {
        private final byte[] frame;
        private final int idAt;
        private final int number;
        private final Acks acks = new Acks();
        private final long[] sentNanos = new long[1_024];
        private Wires.Wire wire;
        private long next;
        private long confirmed;
        private int window;
        private long left;

        Sender(int number) {
            this.number = number;
            this.idAt = "{\"type\":\"send\",\"id\":\"".length();
            this.frame = send("0".repeat(ID_DIGITS), crowd.name(pairs + number), KIBIBYTE);
            this.wire = wires.open(crowd.token(number), this);
        }

        void fill() {
            while (next - confirmed < window && left > 0) {
                sendOne();
            }
        }

        void sendOne() {
            left--;
            long id = next++;
            sentNanos[(int) (id % sentNanos.length)] = System.nanoTime();
            for (int i = ID_DIGITS - 1; i >= 0; i--) {
                frame[idAt + i] = (byte) ('0' + id % 10);
                id /= 10;
            }
            wire.send(frame, frame.length);
        }

        @Override
        public void frame(Wires.Wire from, byte[] bytes, int length) {
            if (startsWith(bytes, RECEIPT)) {
                long id = number(bytes, RECEIPT.length);
                if (isMeasuring) {
                    receipts.add(System.nanoTime() - sentNanos[(int) (id % sentNanos.length)]);
                }
                confirmed++;
                acked++;
                fill();
            } else if (startsWith(bytes, READY)) {
                ready++;
            } else if (startsWith(bytes, EVENT)) {
                acks.ack(from, bytes);
            } else if (!startsWith(bytes, PRESENCE)) {
                throw new IllegalStateException("sender " + number + ": " + text(bytes, length));
            }
        }
    }

    private final class Receiver implements Wires.Listener {
        private final Sender sender;
        private final Acks acks = new Acks();

        Receiver(Sender sender) {
            this.sender = sender;
        }

        @Override
        public void frame(Wires.Wire wire, byte[] bytes, int length) {
            if (startsWith(bytes, EVENT)) {
                if (acks.ack(wire, bytes)) {
                    received++;
                    if (isMeasuring && isPaced) {
                        arrivals.add(System.nanoTime() - sender.sentNanos[(int) ((sender.next - 1) % 1_024)]);
                    }
                }
            } else if (startsWith(bytes, READY)) {
                ready++;
            }
        }
    }

    /** Acknowledges each event as it comes. */
    private static final class Acks {
        private final byte[] ack = bytes("{\"type\":\"ack\",\"up_to\":                    }");

        /** Whether the event was a person's. */
        boolean ack(Wires.Wire wire, byte[] event) {
            int at = indexOf(event, SEQ) + SEQ.length;
            long seq = number(event, at);
            int to = ack.length - 2;
            for (; seq > 0; seq /= 10) {
                ack[to--] = (byte) ('0' + seq % 10);
                at++;
            }
            wire.send(ack, ack.length);
            return event[at + 2] == 'f';
        }
    }

    /** Everyone who sends is there. */
    Traffic openSenders() {
        int before = ready;
        for (int i = 0; i < pairs; i++) {
            senders.add(new Sender(i));
        }
        await("ready", () -> ready == before + pairs);
        return this;
    }

    Traffic openReceivers() {
        int before = ready;
        for (int i = 0; i < pairs; i++) {
            receivers.add(wires.open(crowd.token(pairs + i), new Receiver(senders.get(i))));
        }
        await("ready", () -> ready == before + pairs);
        return this;
    }

    /** Lets the server notice who is gone. */
    void settle() {
        wires.run(Duration.ofMillis(500), () -> false);
    }

    void closeReceivers() {
        receivers.forEach(Wires.Wire::close);
        receivers.clear();
    }

    private void await(String what, java.util.function.BooleanSupplier until) {
        if (!wires.run(STEP, until)) {
            throw new IllegalStateException("not within " + STEP + ": " + what);
        }
    }

    /** A window of events under way in each pair until the time is over; counts what has its receipt. */
    Result flood(int window, Duration time) {
        return windows(window, Long.MAX_VALUE / pairs, time);
    }

    /** As many events in each pair, however long it takes. */
    Result fill(int window, int each) {
        return windows(window, each, STEP);
    }

    private Result windows(int window, long each, Duration time) {
        start();
        for (Sender sender : senders) {
            sender.window = window;
            sender.left = each;
            sender.fill();
        }
        long begin = System.nanoTime();
        wires.run(time, () -> acked >= each * pairs);
        double seconds = (System.nanoTime() - begin) / 1e9;
        Result result = new Result(acked, seconds, receipts, arrivals);
        senders.forEach(sender -> sender.left = 0);
        isMeasuring = false;
        await("last receipts", () -> senders.stream().allMatch(sender -> sender.confirmed == sender.next));
        return result;
    }

    /** So many events a second in all, whatever becomes of them; the pairs take turns. */
    Result paced(int perSecond, Duration time) {
        start();
        senders.forEach(sender -> sender.window = 0);
        isPaced = true;
        long begin = System.nanoTime();
        long[] sent = {0};
        wires.everyTurn(() -> {
            long due = (System.nanoTime() - begin) * perSecond / TimeUnit.SECONDS.toNanos(1);
            for (; sent[0] < due; sent[0]++) {
                senders.get((int) (sent[0] % pairs)).sendOne();
            }
        });
        wires.run(time, () -> false);
        wires.everyTurn(null);
        isPaced = false;
        double seconds = (System.nanoTime() - begin) / 1e9;
        await("last receipts", () -> senders.stream().allMatch(sender -> sender.confirmed == sender.next));
        return new Result(acked, seconds, receipts, arrivals);
    }

    /** Receivers come back and read what waits, acknowledging each event. */
    Result drain(long events) {
        start();
        long begin = System.nanoTime();
        openReceivers();
        if (!wires.run(STEP, () -> received >= events)) {
            throw new IllegalStateException("only " + received + " of " + events + " came");
        }
        return new Result(received, (System.nanoTime() - begin) / 1e9, receipts, arrivals);
    }

    private void start() {
        acked = 0;
        received = 0;
        receipts = new Samples();
        arrivals = new Samples();
        isMeasuring = true;
    }

    static boolean isReady(byte[] frame) {
        return startsWith(frame, READY);
    }

    static boolean isReceipt(byte[] frame) {
        return startsWith(frame, RECEIPT);
    }

    /** Whether it was an event of a person; one of the relay's own is acknowledged just so. */
    static boolean ackIfEvent(Wires.Wire wire, byte[] frame) {
        return startsWith(frame, EVENT) && new Acks().ack(wire, frame);
    }

    static byte[] send(String id, String to, String payload) {
        return bytes("{\"type\":\"send\",\"id\":\"" + id + "\",\"to_user\":\"" + to
                + "\",\"kind\":\"message\",\"payload\":\"" + payload + "\"}");
    }

    /** One that a poll for signals sees. */
    static byte[] signal(String id, String to) {
        return bytes("{\"type\":\"send\",\"id\":\"" + id + "\",\"to_user\":\"" + to
                + "\",\"kind\":\"offer\",\"payload\":\"" + KIBIBYTE + "\"}");
    }

    /** Of an answer to a poll; 0 when there is no event in it. */
    static long lastSeq(byte[] answer) {
        for (int at = answer.length - SEQ.length; at >= 0; at--) {
            if (Arrays.equals(answer, at, at + SEQ.length, SEQ, 0, SEQ.length)) {
                return number(answer, at + SEQ.length);
            }
        }
        return 0;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String text(byte[] bytes, int length) {
        return new String(bytes, 0, length, StandardCharsets.UTF_8).strip();
    }

    private static boolean startsWith(byte[] bytes, byte[] with) {
        for (int i = 0; i < with.length; i++) {
            if (bytes[i] != with[i]) {
                return false;
            }
        }
        return true;
    }

    private static int indexOf(byte[] bytes, byte[] what) {
        int at = 0;
        while (!Arrays.equals(bytes, at, at + what.length, what, 0, what.length)) {
            at++;
        }
        return at;
    }

    private static long number(byte[] bytes, int from) {
        long number = 0;
        for (int i = from; bytes[i] >= '0' && bytes[i] <= '9'; i++) {
            number = number * 10 + bytes[i] - '0';
        }
        return number;
    }

    @Override
    public void close() {
        closeReceivers();
        senders.forEach(sender -> sender.wire.close());
    }
}
