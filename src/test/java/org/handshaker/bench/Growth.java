// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
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
final class Growth {
    /** Under way at once; less than one sender's share of a queue, so that all of it fits one. */
    private static final int ROUND = 400;

    private static final String KIBIBYTE = "x".repeat(1_024);
    private static final Username SENDER = new Username("sender");

    private Growth() {}

    /** Events a second that are committed and then removed, on so many queues in turn. */
    static double perSecond(Path data, Path keyFile, int queues, Duration time) {
        Vault vault = StoreKey.open(data, key(keyFile));
        Queue.Times times = new Queue.Times(Duration.ZERO, Duration.ofMinutes(2), Duration.ofDays(14));
        Id sender = Id.random();
        Id[] owners = IntStream.range(0, queues).mapToObj(i -> Id.random()).toArray(Id[]::new);
        try (Database database = Database.open(data);
                Ratchet ratchet = Ratchet.open(
                        database,
                        vault,
                        keyFile.resolveSibling(keyFile.getFileName() + ".ratchet"),
                        InstantSource.system(),
                        System::nanoTime,
                        now -> true,
                        Ratchet.Lost.REFUSE);
                Queue queue = new Queue(database, vault, ratchet, times, (viewer, user) -> false, new ThreadTimer())) {
            // Everyone's first event waits for a number; many at once share the commits.
            IntStream.range(0, queues).parallel().forEach(i -> round(queue, sender, owners, i, 1));
            long begin = System.nanoTime();
            int done = 0;
            while (System.nanoTime() - begin < time.toNanos()) {
                round(queue, sender, owners, done, ROUND);
                done += ROUND;
            }
            return done / ((System.nanoTime() - begin) / 1e9);
        }
    }

    private static byte[] key(Path file) {
        KeyFile.createIfAbsent(file);
        return KeyFile.read(file);
    }

    private static void round(Queue queue, Id sender, Id[] owners, int from, int events) {
        List<CompletableFuture<Receipt>> receipts = new ArrayList<>(events);
        for (int i = 0; i < events; i++) {
            Id owner = owners[(from + i) % owners.length];
            receipts.add(queue.offer(new Offer(sender, SENDER, owner, new Kind("message"), KIBIBYTE, null, null)));
        }
        List<CompletableFuture<Integer>> acks = new ArrayList<>(events);
        for (int i = 0; i < events; i++) {
            Id owner = owners[(from + i) % owners.length];
            acks.add(queue.ack(owner, List.of(receipts.get(i).join().eventId())));
        }
        acks.forEach(CompletableFuture::join);
    }
}
