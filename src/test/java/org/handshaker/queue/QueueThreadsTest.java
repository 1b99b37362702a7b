// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.support.TestStore;
import org.handshaker.support.TestTime;
import org.handshaker.support.Together;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real threads on the real store: many senders, and readers that come, ack and go as they like. */
@Timeout(180)
class QueueThreadsTest {
    private static final int SENDERS = 8;
    private static final int READERS = 4;
    /** From each sender to each reader. */
    private static final int EVENTS = 150;
    /** Sent and without a receipt, per sender. */
    private static final int OPEN_MAX = 24;

    @TempDir
    Path directory;

    private final long seed = Long.getLong("seed", new Random().nextLong());
    private final List<Id> senders =
            IntStream.range(0, SENDERS).mapToObj(i -> Id.random()).toList();
    private final List<Id> readers =
            IntStream.range(0, READERS).mapToObj(i -> Id.random()).toList();
    private final AtomicInteger sending = new AtomicInteger(SENDERS);
    private TestStore store;
    private Queue queue;

    @BeforeEach
    void open() {
        store = new TestStore(directory);
        queue = new Queue(
                store.database(),
                store.vault(),
                store.ratchet(new TestTime()),
                new Queue.Times(Duration.ofMillis(20), Queues.SIGNAL_TTL, Queues.MESSAGE_TTL),
                (viewer, user) -> !user.equals(readers.get(0)),
                new ThreadTimer());
    }

    @AfterEach
    void close() {
        queue.close();
        store.close();
    }

    @Test
    void nothingIsLostOrOutOfOrder() throws Exception {
        List<Callable<?>> all = new ArrayList<>();
        for (int i = 0; i < SENDERS; i++) {
            int sender = i;
            all.add(() -> send(sender, new Random(seed + sender)));
        }
        for (int i = 0; i < READERS; i++) {
            int reader = i;
            all.add(() -> read(readers.get(reader), new Random(~seed + reader)));
        }
        all.add(this::sweep);

        List<Object> results = Together.run(all.toArray(Callable[]::new));

        int delivered = 0;
        for (int i = 0; i < SENDERS; i++) {
            delivered += (int) results.get(i);
        }
        assertTrue(delivered > 0, "no event was taken at once: seed " + seed);
        for (Id reader : readers) {
            assertEquals(0, queue.pending(reader), "seed " + seed);
        }
        assertEquals(0, queue.bytesInMemory(), "seed " + seed);
        assertEquals(0, store.database().<Integer>read(handle -> handle.createQuery("SELECT count(*) FROM events")
                .mapTo(Integer.class)
                .one()));
    }

    /** Sends to each reader in turn and returns how many receipts said {@code delivered}. */
    private int send(int sender, Random random) throws Exception {
        int delivered = 0;
        Deque<CompletableFuture<Receipt>> open = new ArrayDeque<>();
        for (int n = 0; n < EVENTS; n++) {
            for (Id reader : readers) {
                String payload = sender + ":" + n + ":" + "x".repeat(random.nextInt(2_000));
                open.add(offer(new Offer(
                        senders.get(sender), Queues.NAME, reader, new Kind("message"), payload, "id " + n, null)));
                if (open.size() == OPEN_MAX) {
                    delivered += isDelivered(open.remove()) ? 1 : 0;
                }
            }
        }
        for (CompletableFuture<Receipt> last : open) {
            delivered += isDelivered(last) ? 1 : 0;
        }
        sending.decrementAndGet();
        return delivered;
    }

    private static boolean isDelivered(CompletableFuture<Receipt> receipt) throws Exception {
        return receipt.get(60, TimeUnit.SECONDS).status() == Receipt.Status.DELIVERED;
    }

    private CompletableFuture<Receipt> offer(Offer offer) {
        while (true) {
            try {
                return queue.offer(offer);
            } catch (Refused full) {
                assertEquals(Reason.QUEUE_FULL, full.reason());
                Thread.onSpinWait();
            }
        }
    }

    private static final class Inbox extends Receiver {
        final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();

        @Override
        protected void push(Event event) {
            events.add(event);
        }
    }

    /** Reads over sockets and polls in turn until it has everything. */
    private int read(Id reader, Random random) throws Exception {
        Map<Integer, Integer> nextOf = new HashMap<>();
        while (nextOf.values().stream().mapToInt(next -> next).sum() < SENDERS * EVENTS || queue.pending(reader) > 0) {
            if (random.nextInt(4) == 0) {
                poll(reader, nextOf);
            } else {
                listen(reader, nextOf, random);
            }
        }
        return nextOf.size();
    }

    private void poll(Id reader, Map<Integer, Integer> nextOf) throws Exception {
        Page page =
                queue.poll(reader, Wanted.EVERYTHING, 50, Duration.ofMillis(10)).get(60, TimeUnit.SECONDS);
        for (Event event : page.events()) {
            saw(event, nextOf);
        }
        if (!page.events().isEmpty()) {
            long last = page.events().get(page.events().size() - 1).seq();
            queue.ackUpTo(reader, Wanted.EVERYTHING, last).get(60, TimeUnit.SECONDS);
        }
    }

    private void listen(Id reader, Map<Integer, Integer> nextOf, Random random) throws Exception {
        Inbox inbox = new Inbox();
        queue.connect(reader, inbox);
        long seq = 0;
        List<Id> single = new ArrayList<>();
        for (int patience = 100 + random.nextInt(200); patience > 0; patience--) {
            @Nullable Event event = inbox.events.poll(5, TimeUnit.MILLISECONDS);
            if (event == null) {
                break;
            }
            assertTrue(event.seq() > seq, "pushed out of order: seed " + seed);
            seq = event.seq();
            saw(event, nextOf);
            single.add(event.eventId());
            if (random.nextInt(20) == 0) {
                queue.ackUpTo(reader, Wanted.EVERYTHING, seq).get(60, TimeUnit.SECONDS);
                single.clear();
            } else if (random.nextInt(20) == 0) {
                queue.ack(reader, single).get(60, TimeUnit.SECONDS);
                single.clear();
            }
        }
        queue.disconnect(reader, inbox);
    }

    /** Seen before, or the next of its sender. */
    private void saw(Event event, Map<Integer, Integer> nextOf) {
        String[] parts = event.payload().split(":", 3);
        int sender = Integer.parseInt(parts[0]);
        int n = Integer.parseInt(parts[1]);
        int next = nextOf.getOrDefault(sender, 0);
        assertTrue(n <= next, "of sender " + sender + " " + n + " came before " + next + ": seed " + seed);
        nextOf.put(sender, Math.max(next, n + 1));
    }

    private int sweep() throws Exception {
        int sweeps = 0;
        while (sending.get() > 0) {
            store.database().<Integer>write(handle -> queue.expire(handle, new TestTime().instant()));
            store.database().forgetDeleted();
            sweeps++;
        }
        return sweeps;
    }
}
