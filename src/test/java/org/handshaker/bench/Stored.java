// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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

/** Fills a new database, or a stopped relay's, with events that wait, through the relay's own queue, as if nobody had come for days. */
final class Stored {
    /** Each has one queue under way, so that commits are full. */
    private static final int THREADS = 16;

    private static final String PAYLOAD = "x".repeat(256);

    private Stored() {}

    /** @param data of a relay that is not running, or of none yet */
    static void fill(Path data, Path keyFile, int queues, int eventsEach) throws InterruptedException {
        KeyFile.createIfAbsent(keyFile);
        Vault vault = StoreKey.open(data, KeyFile.read(keyFile));
        Queue.Times times = new Queue.Times(Duration.ZERO, Duration.ofMinutes(2), Duration.ofDays(14));
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
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
            List<Future<?>> filled = new ArrayList<>();
            for (int i = 0; i < queues; i++) {
                filled.add(threads.submit(() -> fill(queue, eventsEach)));
            }
            for (Future<?> each : filled) {
                each.get();
            }
        } catch (ExecutionException failed) {
            throw new IllegalStateException("the database could not be filled", failed.getCause());
        } finally {
            threads.shutdownNow();
        }
    }

    private static void fill(Queue queue, int events) {
        Id sender = Id.random();
        Id target = Id.random();
        List<CompletableFuture<Receipt>> receipts = new ArrayList<>(events);
        for (int i = 0; i < events; i++) {
            receipts.add(queue.offer(
                    new Offer(sender, new Username("ann"), target, new Kind("message"), PAYLOAD, null, null)));
        }
        receipts.forEach(CompletableFuture::join);
    }
}
