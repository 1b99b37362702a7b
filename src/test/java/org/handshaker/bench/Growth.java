// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.handshaker.core.Id;
import org.handshaker.core.KeyFile;
import org.handshaker.core.StoreKey;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.queue.Kind;
import org.handshaker.queue.Offer;
import org.handshaker.queue.Queue;
import org.handshaker.queue.Ratchet;
import org.handshaker.queue.Receipt;
import org.handshaker.queue.ThreadTimer;
import org.handshaker.store.Database;

/**
 * Whether the queue's cost grows with what it holds: the same work, an event stored and acknowledged, on few queues or many,
 * beside few stored events or a million. In this process, since only differences count here.
 */
final class Growth implements AutoCloseable {
    private static final int SENDERS = 2;
    /** Under way at once; less than what so many senders may have of a queue, so that all of it fits one. */
    private static final int ROUND = SENDERS * 400;

    private static final String KIBIBYTE = "x".repeat(1_024);
    private static final Username SENDER = new Username("sender");

    private final List<Id> senders = Stream.generate(Id::random).limit(SENDERS).toList();
    private final Id[] owners;
    private final Database database;
    private final Ratchet ratchet;
    private final Queue queue;
    private int done;
    private long nanos;

    /** A store of its own, or one that is there already, with so many queues in use. */
    Growth(Path data, int queues) {
        Path keyFile = data.resolveSibling(data.getFileName() + ".key");
        Vault vault = StoreKey.open(data, key(keyFile));
        Queue.Times times = new Queue.Times(Duration.ZERO, Duration.ofMinutes(2), Duration.ofDays(14));
        owners = IntStream.range(0, queues).mapToObj(i -> Id.random()).toArray(Id[]::new);
        database = Database.open(data);
        ratchet = Ratchet.open(
                database,
                vault,
                keyFile.resolveSibling(keyFile.getFileName() + ".ratchet"),
                InstantSource.system(),
                System::nanoTime,
                now -> true,
                Ratchet.Lost.REFUSE);
        queue = new Queue(database, vault, ratchet, times, (viewer, user) -> false, new ThreadTimer());
        // Everyone's first event waits for a number; many at once share the commits.
        IntStream.range(0, queues).parallel().forEach(i -> round(i, 1));
    }

    /** Events that are committed and then removed, on each queue in turn. */
    void run(Duration time) {
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < time.toNanos()) {
            round(done, ROUND);
            done += ROUND;
        }
        nanos += System.nanoTime() - begin;
    }

    /** What was so far is not counted. */
    void reset() {
        done = 0;
        nanos = 0;
    }

    double perSecond() {
        return done * 1e9 / nanos;
    }

    private static byte[] key(Path file) {
        KeyFile.createIfAbsent(file);
        return KeyFile.read(file);
    }

    private void round(int from, int events) {
        List<CompletableFuture<Receipt>> receipts = new ArrayList<>(events);
        for (int i = 0; i < events; i++) {
            Id owner = owners[(from + i) % owners.length];
            receipts.add(queue.offer(
                    new Offer(senders.get(i % SENDERS), SENDER, owner, new Kind("message"), KIBIBYTE, null, null)));
        }
        List<CompletableFuture<Integer>> acks = new ArrayList<>(events);
        for (int i = 0; i < events; i++) {
            Id owner = owners[(from + i) % owners.length];
            acks.add(queue.ack(owner, List.of(receipts.get(i).join().eventId())));
        }
        acks.forEach(CompletableFuture::join);
    }

    @Override
    public void close() {
        queue.close();
        ratchet.close();
        database.close();
    }
}
