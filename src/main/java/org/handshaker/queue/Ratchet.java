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
import org.handshaker.core.Id;
import org.handshaker.core.SealKey;
import org.handshaker.core.Secrets;
import org.handshaker.core.Unusable;
import org.handshaker.core.Vault;
import org.handshaker.core.WipedKey;
import org.handshaker.store.Database;
import org.jspecify.annotations.Nullable;

/**
 * Seals each event's body with the key of the hour in which it runs out, and forgets the key when that hour is over: at most an
 * hour after an event has run out nobody can open its body any more, in no copy of the database from whenever, with the master
 * key or without. Forgetting cannot be undone, so it goes by a {@link CertainTime}; while that waits for a witness, what is
 * sealed stays as it was, a little longer than promised.
 *
 * <p>It also is the queue's clock: the machine's, but never before the hour that is forgotten, so that what was unreadable once
 * does not seem to be pending again.
 */
public final class Ratchet implements InstantSource, AutoCloseable {
    private static final long HOUR_SECONDS = 3_600;
    /** How much later than its time an hour may be forgotten. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    private static final int OLD_BODIES_AT_ONCE = 200;

    private final ChainFile file;
    private final Id id;
    private final HourKeys keys;
    private final InstantSource wall;
    private final CertainTime certain;
    private final Object advancing = new Object();
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
        this.certain = new CertainTime(wall, nanos, witness, startOf(link.hour()));
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
     * @param nanos the monotonic clock, {@link System#nanoTime}
     * @param witness whether the network confirms a time; asked now and then, and may take a while
     */
    public static Ratchet open(
            Database database,
            Vault vault,
            Path file,
            InstantSource wall,
            LongSupplier nanos,
            Predicate<Instant> witness,
            Lost lost) {
        RatchetStore store = new RatchetStore();
        @Nullable ChainFile chain = null;
        try {
            chain = ChainFile.open(vault, file);
            Ratchet ratchet = new Ratchet(chain, link(database, store, chain, wall, lost), wall, nanos, witness);
            ratchet.advance();
            ratchet.wrapOldBodies(database, store);
            return ratchet;
        } catch (IOException unreadable) {
            close(chain);
            throw new Unusable("The file of --ratchet-file cannot be made, read or written: name another.", unreadable);
        } catch (RuntimeException failed) {
            close(chain);
            throw failed;
        }
    }

    /** As {@link #open(Database, Vault, Path, InstantSource, LongSupplier, Predicate, Lost)}, wherever the chain lies. */
    public static Ratchet open(
            Database database,
            Vault vault,
            ChainPlaces places,
            InstantSource wall,
            LongSupplier nanos,
            Predicate<Instant> witness,
            Lost lost) {
        byte[] known = database.read(new RatchetStore()::chainId);
        Path file = places.find(vault, known);
        Ratchet ratchet = open(database, vault, file, wall, nanos, witness, lost);
        places.settle(vault, known, ratchet.id.bytes(), file);
        return ratchet;
    }

    private static void close(@Nullable ChainFile opened) {
        if (opened != null) {
            opened.close();
        }
    }

    private static ChainFile.Link link(
            Database database, RatchetStore store, ChainFile chain, InstantSource wall, Lost lost) throws IOException {
        byte[] known = database.read(store::chainId);
        ChainFile.@Nullable Link found = chain.read();
        boolean hasEvents = database.read(store::hasEvents);
        boolean isOurs = found != null
                && (known.length == 0 || Arrays.equals(known, found.id().bytes()));
        // A first start under a clock that was far ahead would otherwise be followed for years.
        boolean isFromTheFuture = found != null && found.hour() > hourOf(wall.instant()) + 24;
        if (found != null && isOurs && (hasEvents || !isFromTheFuture)) {
            remember(database, store, found.id());
            return found;
        }
        boolean isForeign = found == null && !chain.isBlank();
        if (isForeign && !(hasEvents && lost == Lost.REFUSE)) {
            // Written over, another relay's mail could be read by nobody any more.
            throw new Unusable("The file of --ratchet-file is another relay's: name another place for this one's, or"
                    + " delete that file if its relay is no more. Nothing was touched.");
        }
        if (hasEvents) {
            if (lost == Lost.REFUSE) {
                throw new Unusable(
                        "The file of --ratchet-file is missing or another relay's, and without it what waits in"
                                + " the queues cannot be read: put it back, or start once with --restored on, which deletes what"
                                + " waits. Nothing was touched.");
            }
            int gone;
            do {
                gone = database.free(store::deleteSome);
            } while (gone > 0);
        }
        ChainFile.Link first =
                new ChainFile.Link(Id.random(), hourOf(wall.instant()), Secrets.randomBytes(HourKeys.CHAIN_BYTES));
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
                        store.wrapped(handle, old.row(), seal(old.expiresAt(), old.body(), Bodies.wrapping(old.seq())));
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

    /** Forgets the hours that are over. */
    public void advance() throws IOException {
        synchronized (advancing) {
            long hour = hourOf(certain.now());
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
    }

    /** Whether the machine's clock is more than an hour ahead of what is certain, and no witness has confirmed it yet. */
    public boolean isWaiting() {
        return certain.isWaiting();
    }

    /** The machine's time, but neither before what is certain nor before an hour whose key is forgotten. */
    @Override
    public Instant instant() {
        Instant now = later(wall.instant(), certain.atLeast());
        return later(now, startOf(keys.hour()));
    }

    /** A time that has come for certain, whoever sets the machine's clock. */
    public Instant certainly() {
        return later(certain.atLeast(), startOf(keys.hour()));
    }

    private static Instant later(Instant one, Instant other) {
        return one.isBefore(other) ? other : one;
    }

    /** Seals until {@code expiresAt}. What has run out meanwhile is sealed for nobody. */
    byte[] seal(Instant expiresAt, byte[] plain, byte[] bound) {
        byte[] room = new byte[SealKey.SEALING_BYTES + plain.length];
        System.arraycopy(plain, 0, room, SealKey.NONCE_BYTES, plain.length);
        sealIn(expiresAt, room, bound);
        return room;
    }

    /** As {@link #seal}, in the room of {@link SealKey#sealIn}. */
    void sealIn(Instant expiresAt, byte[] room, byte[] bound) {
        @Nullable SealKey key = keys.key(lastHourOf(expiresAt));
        try {
            if (key != null) {
                key.sealIn(room, bound);
                return;
            }
        } catch (WipedKey.Gone justNow) {
            // As if it had been gone before.
        }
        SealKey nobodys = new SealKey(Secrets.randomBytes(HourKeys.CHAIN_BYTES));
        nobodys.sealIn(room, bound);
        nobodys.forget();
    }

    /** What was sealed; nothing when its hour is forgotten. */
    byte @Nullable [] open(Instant expiresAt, byte[] sealed, byte[] bound) {
        @Nullable SealKey key = keys.key(lastHourOf(expiresAt));
        try {
            return key == null ? null : key.open(sealed, bound);
        } catch (WipedKey.Gone justNow) {
            return null;
        } catch (SealKey.Foreign damaged) {
            throw new IllegalStateException("a sealed body does not open with the key of its hour", damaged);
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
