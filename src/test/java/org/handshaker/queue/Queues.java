// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Username;
import org.handshaker.support.ManualTimer;
import org.handshaker.support.TestStore;
import org.handshaker.support.TestTime;
import org.jspecify.annotations.Nullable;

/** The queue over a real database, with time and timer moved by hand. */
final class Queues implements AutoCloseable {
    static final Duration LINGER = Duration.ofSeconds(2);
    static final Duration SIGNAL_TTL = Duration.ofMinutes(2);
    static final Duration MESSAGE_TTL = Duration.ofDays(14);
    static final Username NAME = new Username("ann");

    final Id ann = Id.random();
    final Id ben = Id.random();
    final Id cat = Id.random();
    final TestTime time = new TestTime();
    final TestStore store;
    ManualTimer timer = new ManualTimer();
    /** Whether senders may see that a recipient is there. */
    volatile boolean isVisible = true;

    private final Duration linger;
    Ratchet ratchet;
    Queue queue;

    Queues(Path directory) {
        this(directory, LINGER);
    }

    Queues(Path directory, Duration linger) {
        this.linger = linger;
        this.store = new TestStore(directory);
        this.ratchet = store.ratchet(time);
        this.queue = open();
    }

    Queue open() {
        return new Queue(
                store.database(),
                store.vault(),
                ratchet,
                new Queue.Times(linger, SIGNAL_TTL, MESSAGE_TTL),
                (viewer, user) -> isVisible,
                timer);
    }

    /** Stops as the relay does and starts again. */
    void restart() {
        queue.close();
        crash();
    }

    /** What was in memory only is gone. */
    void crash() {
        store.reopen();
        timer = new ManualTimer();
        ratchet = store.ratchet(time);
        queue = open();
    }

    /** As after {@code kill -9}: what was not committed at that moment is lost. */
    void kill(Runnable atThatMoment) {
        store.kill(atThatMoment);
        timer = new ManualTimer();
        ratchet = store.ratchet(time);
        queue = open();
    }

    CompletableFuture<Receipt> offer(Id sender, Id target, String kind, String payload, @Nullable String id) {
        return queue.offer(new Offer(sender, NAME, target, new Kind(kind), payload, id, null));
    }

    CompletableFuture<Receipt> offer(Id sender, Id target, String payload) {
        return offer(sender, target, "message", payload, null);
    }

    /** Sends where nobody listens. */
    Receipt store(Id sender, Id target, String payload) {
        return now(offer(sender, target, payload));
    }

    Ear connect(Id owner) {
        Ear ear = new Ear();
        queue.connect(owner, ear);
        return ear;
    }

    List<Event> pending(Id owner) {
        return queue.page(owner, Wanted.EVERYTHING, 100).events();
    }

    List<String> payloads(Id owner) {
        return pending(owner).stream().map(Event::payload).toList();
    }

    void announce(Id target, String kind, String payload, String subject) {
        store.database().write(handle -> {
            queue.announce(handle, target, kind, payload, subject);
            return true;
        });
    }

    void dropBetween(Id one, Id other) {
        store.database().write(handle -> {
            queue.dropBetween(handle, one, other);
            return true;
        });
    }

    void accountGone(Id user) {
        store.database().write(handle -> {
            queue.accountGone(handle, user);
            return true;
        });
    }

    int sweep() {
        forget();
        return store.database().<Integer>write(handle -> queue.expire(handle, time.instant()));
    }

    /** Forgets the hours that are over by the test's clock. */
    void forget() {
        try {
            ratchet.advance();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** Rows of events on the disk. */
    int rows() {
        return store.database().<Integer>read(handle -> handle.createQuery("SELECT count(*) FROM events")
                .mapTo(Integer.class)
                .one());
    }

    /** Whether an event lies on the disk. */
    boolean hasRow(Id eventId) {
        return store.database().<Integer>read(handle -> handle.createQuery(
                                "SELECT count(*) FROM events WHERE event_id = :event_id")
                        .bind("event_id", eventId.bytes())
                        .mapTo(Integer.class)
                        .one())
                > 0;
    }

    /** Waits until everything lined up before is committed and told. */
    void settle() {
        store.database().write(handle -> true);
        store.database().write(handle -> true);
    }

    /** For a change that holds the commit thread until a test lets go. */
    static void await(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new AssertionError("nobody let go");
            }
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    static <T> T now(CompletableFuture<T> future) {
        try {
            return future.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new AssertionError(failed.getCause());
        } catch (InterruptedException | TimeoutException late) {
            throw new AssertionError("nothing came", late);
        }
    }

    static Reason refusal(CompletableFuture<?> future) {
        ExecutionException failed = assertThrows(ExecutionException.class, () -> future.get(20, TimeUnit.SECONDS));
        return ((Refused) Objects.requireNonNull(failed.getCause())).reason();
    }

    @Override
    public void close() {
        queue.close();
        store.close();
    }
}
