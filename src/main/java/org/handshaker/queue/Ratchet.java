// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import javax.crypto.SecretKey;
import org.handshaker.core.Id;
import org.handshaker.core.Secrets;
import org.handshaker.core.Unusable;
import org.handshaker.core.Vault;
import org.handshaker.core.WipedKey;
import org.handshaker.store.Database;
import org.jspecify.annotations.Nullable;

/**
 * Seals each event's body with the key of the hour in which it runs out, and forgets the key when that hour is over: at most an
 * hour after an event has run out nobody can open its body any more, in no copy of the database from whenever, with the master
 * key or without.
 *
 * <p>Forgetting cannot be undone, so its clock is a careful one. It is the monotonic clock, which nobody can set; the
 * machine's clock moves it forward by an hour at most, and further only when a witness (tor's consensus) confirms that time.
 * Nothing moves it back. Until a witness has confirmed, the ratchet {@linkplain #isWaiting waits}: what is sealed stays as it
 * was, a little longer than promised.
 *
 * <p>It also is the queue's clock: the machine's, but never before the hour that is forgotten, so that what was unreadable once
 * does not seem to be pending again.
 */
public final class Ratchet implements InstantSource, AutoCloseable {
    private static final long HOUR_SECONDS = 3_600;
    /** How much later than its time an hour may be forgotten. */
    private static final Duration LOOK = Duration.ofSeconds(1);
    /** Between two questions to the witness. */
    private static final Duration ASK_AGAIN = Duration.ofSeconds(10);

    private static final int OLD_BODIES_AT_ONCE = 200;

    private final ChainFile file;
    private final Id id;
    private final HourKeys keys;
    private final InstantSource wall;
    private final LongSupplier nanos;
    private final Predicate<Instant> witness;
    private Instant anchor;
    private long anchorNanos;
    private long askedAtNanos;
    private volatile boolean isWaiting;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread hours = new Thread(task, "hours");
        hours.setDaemon(true);
        return hours;
    });

    private Ratchet(
            ChainFile file, ChainFile.Link link, InstantSource wall, LongSupplier nanos, Predicate<Instant> witness) {
        this.file = file;
        this.id = link.id();
        this.keys = new HourKeys(link.hour(), link.chain());
        this.wall = wall;
        this.nanos = nanos;
        this.witness = witness;
        this.anchor = startOf(link.hour());
        this.anchorNanos = nanos.getAsLong();
        this.askedAtNanos = anchorNanos - ASK_AGAIN.toNanos();
    }

    /** What to do when the chain of what waits in this store is not there. */
    public enum Lost {
        /** Refuse to start: it may only be misplaced. */
        REFUSE,
        /** Delete what waits; nobody can read it. */
        DELETE
    }

    /**
     * Opens the store's chain, or makes the first one; and brings what was sealed before there was one under it.
     *
     * @param file where the chain lies; not in the database's directory, or every copy of it holds the chain as well
     * @param witness whether the network confirms a time; asked now and then, and may take a while
     */
    public static Ratchet open(
            Database database, Vault vault, Path file, InstantSource wall, Predicate<Instant> witness, Lost lost) {
        return open(database, vault, file, wall, System::nanoTime, witness, lost);
    }

    /** As tests want it, with a monotonic clock of theirs. */
    static Ratchet open(
            Database database,
            Vault vault,
            Path file,
            InstantSource wall,
            LongSupplier nanos,
            Predicate<Instant> witness,
            Lost lost) {
        RatchetStore store = new RatchetStore();
        ChainFile chain = ChainFile.open(vault, file);
        try {
            Ratchet ratchet = new Ratchet(chain, link(database, store, chain, wall, lost), wall, nanos, witness);
            ratchet.advance();
            ratchet.wrapOldBodies(database, store);
            return ratchet;
        } catch (IOException unreadable) {
            chain.close();
            throw new Unusable("The file of --ratchet-file cannot be read or written.", unreadable);
        } catch (RuntimeException failed) {
            chain.close();
            throw failed;
        }
    }

    private static ChainFile.Link link(
            Database database, RatchetStore store, ChainFile chain, InstantSource wall, Lost lost) throws IOException {
        byte[] known = database.read(store::chainId);
        ChainFile.@Nullable Link found = chain.read();
        if (found != null && (known.length == 0 || Arrays.equals(known, found.id().bytes()))) {
            remember(database, store, found.id());
            return found;
        }
        if (database.read(store::hasEvents)) {
            if (lost == Lost.REFUSE) {
                throw new Unusable("The file of --ratchet-file is missing or another relay's, and without it what waits in"
                        + " the queues cannot be read: put it back, or start once with --restored on, which deletes what"
                        + " waits. Nothing was touched.");
            }
            while (database.<Integer>free(store::deleteSome) > 0) {
                continue;
            }
        }
        ChainFile.Link first = new ChainFile.Link(
                Id.random(), hourOf(wall.instant()), Secrets.randomBytes(HourKeys.CHAIN_BYTES));
        // The file first: a chain that the store does not know yet is taken as its own at the next start.
        chain.write(first);
        remember(database, store, first.id());
        return first;
    }

    private static void remember(Database database, RatchetStore store, Id id) {
        if (!Arrays.equals(database.read(store::chainId), id.bytes())) {
            database.free(handle -> {
                store.setChainId(handle, id.bytes());
                return true;
            });
        }
    }

    /** In steps, each a change of its own: a crash in between leaves the rest to the next start. */
    private void wrapOldBodies(Database database, RatchetStore store) {
        boolean hasMore = true;
        while (hasMore) {
            hasMore = database.free(handle -> {
                var some = store.oldBodies(handle, OLD_BODIES_AT_ONCE);
                for (RatchetStore.OldBody old : some) {
                    if (old.expiresAt().isAfter(instant())) {
                        store.wrapped(handle, old.row(), seal(old.expiresAt(), old.body(), Bodies.WRAPPING, Bodies.bytes(old.seq())));
                    } else {
                        store.delete(handle, old.row());
                    }
                }
                return !some.isEmpty();
            });
        }
    }

    public void start() {
        var unused = thread.scheduleWithFixedDelay(
                this::advanceSafely, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void advanceSafely() {
        try {
            advance();
        } catch (IOException | RuntimeException later) {
            // The hour is still there, and is forgotten at the next look.
            return;
        }
    }

    /** Forgets the hours that are over. One thread at a time. */
    void advance() throws IOException {
        Instant now = now();
        long hour = hourOf(now);
        if (hour <= keys.hour()) {
            return;
        }
        byte[] later = keys.chainAt(hour);
        try {
            // The disk first: in memory it can still be forgotten when the disk has.
            file.write(new ChainFile.Link(id, hour, later));
        } finally {
            Arrays.fill(later, (byte) 0);
        }
        keys.forgetBefore(hour);
    }

    /** What time it is, as far as it is certain. */
    private Instant now() {
        long nanosNow = nanos.getAsLong();
        Instant certain = anchor.plusNanos(nanosNow - anchorNanos);
        Instant claimed = wall.instant();
        boolean isFarAhead = hourOf(claimed) > Math.max(hourOf(certain), keys.hour()) + 1;
        if (isFarAhead && isWaiting && nanosNow - askedAtNanos < ASK_AGAIN.toNanos()) {
            return certain;
        }
        if (isFarAhead) {
            askedAtNanos = nanosNow;
            isWaiting = !witness.test(claimed);
        } else {
            isWaiting = false;
        }
        if (isWaiting || !claimed.isAfter(certain)) {
            return certain;
        }
        anchor = claimed;
        anchorNanos = nanosNow;
        return claimed;
    }

    /** Whether the machine's clock is more than an hour ahead of what is certain, and no witness has confirmed it yet. */
    public boolean isWaiting() {
        return isWaiting;
    }

    /** The machine's time, but never one whose keys are forgotten. */
    @Override
    public Instant instant() {
        Instant now = wall.instant();
        Instant floor = startOf(keys.hour());
        return now.isBefore(floor) ? floor : now;
    }

    /** Seals until {@code expiresAt}. What has run out meanwhile is sealed for nobody. */
    byte[] seal(Instant expiresAt, byte[] plain, String place, byte[]... owner) {
        @Nullable SecretKey key = keys.key(lastHourOf(expiresAt));
        try {
            if (key != null) {
                return Vault.seal(key, plain, place, owner);
            }
        } catch (WipedKey.Gone justNow) {
            // As if it had been gone before.
        }
        WipedKey nobodys = new WipedKey(Secrets.randomBytes(HourKeys.CHAIN_BYTES), "AES");
        byte[] sealed = Vault.seal(nobodys, plain, place, owner);
        nobodys.destroy();
        return sealed;
    }

    /** What was sealed; nothing when its hour is forgotten. */
    byte @Nullable [] open(Instant expiresAt, byte[] sealed, String place, byte[]... owner) {
        @Nullable SecretKey key = keys.key(lastHourOf(expiresAt));
        try {
            return key == null ? null : Vault.open(key, sealed, place, owner);
        } catch (WipedKey.Gone justNow) {
            return null;
        }
    }

    private static long hourOf(Instant instant) {
        return Math.floorDiv(instant.getEpochSecond(), HOUR_SECONDS);
    }

    /** The hour of the last second in which it has not run out: what ends with an hour is forgotten with it. */
    private static long lastHourOf(Instant expiresAt) {
        return Math.floorDiv(expiresAt.getEpochSecond() - 1, HOUR_SECONDS);
    }

    private static Instant startOf(long hour) {
        return Instant.ofEpochSecond(hour * HOUR_SECONDS);
    }

    @Override
    public void close() {
        thread.shutdownNow();
        keys.wipe();
        file.close();
    }
}
