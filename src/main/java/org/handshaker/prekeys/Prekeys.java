// SPDX-License-Identifier: MIT
package org.handshaker.prekeys;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Secrets;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.directory.Directory;
import org.handshaker.directory.KeyChange;
import org.handshaker.directory.KeyChange.Stage;
import org.handshaker.directory.User;
import org.handshaker.guard.Takings;
import org.handshaker.prekeys.PrekeyStore.Change;
import org.handshaker.prekeys.PrekeyStore.Kept;
import org.handshaker.prekeys.PrekeyStore.Kind;
import org.handshaker.queue.Queue;
import org.handshaker.store.Database;
import org.handshaker.store.Expiring;
import org.handshaker.web.Json;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Keeps users' prekeys and hands them out. Every step is one change on the single writer, and is answered after its fsync: so a
 * one-time prekey that somebody has seen is spent, whatever becomes of the relay.
 */
public final class Prekeys implements Expiring {
    /** As long as a certificate that the one before did not sign. */
    static final Duration WAIT = Duration.ofDays(3);

    private final Database database;
    private final Directory directory;
    private final Queue queue;
    private final @Nullable Takings takings;
    private final InstantSource time;
    private final PrekeyStore store;

    /** @param takings counts who fetches how much of whom; null where nothing is limited */
    public Prekeys(
            Database database,
            Vault vault,
            Directory directory,
            Queue queue,
            @Nullable Takings takings,
            InstantSource time) {
        this.database = database;
        this.directory = directory;
        this.queue = queue;
        this.takings = takings;
        this.time = time;
        this.store = new PrekeyStore(vault);
    }

    /**
     * How many one-time prekeys wait.
     *
     * @param kyber null where there never were any
     */
    public record Stock(int curve, @Nullable Integer kyber) {
        private boolean isLow() {
            return curve < Limits.PREKEYS_LOW || (kyber != null && kyber < Limits.PREKEYS_LOW);
        }
    }

    /** @param effectiveAt when the identity key counts, where it is another than before */
    public record Accepted(Stock stock, @Nullable Instant effectiveAt) {}

    private record Low(int remaining, @Nullable Integer kyberRemaining) {}

    /** How many are left of one's own. */
    public Stock stock(Id user) {
        return database.read(handle -> stock(handle, user));
    }

    private Stock stock(Handle handle, Id user) {
        boolean hasKyber = store.hasHad(handle, user, Kind.KYBER);
        return new Stock(
                store.waiting(handle, user, Kind.CURVE), hasKyber ? store.waiting(handle, user, Kind.KYBER) : null);
    }

    /**
     * Takes an upload. With the identity key on file it counts at once, and takes back a change of identity that waits. With
     * another one it counts at once if the one on file has signed it, and otherwise after {@link #WAIT}.
     */
    public Accepted put(Id user, Upload upload) {
        return database.write(handle -> {
            if (directory.byId(handle, user).isEmpty()) {
                throw Reason.NOT_SIGNED_IN.refuse();
            }
            settleIfDue(handle, user);
            Optional<Kept> before = store.kept(handle, user);
            if (before.isPresent() && before.get().identityKey().equals(upload.identityKey())) {
                withdraw(handle, user);
                place(handle, user, upload);
                return new Accepted(stock(handle, user), null);
            }
            Instant effectiveAt = changeIdentity(handle, user, before, upload);
            return new Accepted(stock(handle, user), effectiveAt);
        });
    }

    private Instant changeIdentity(Handle handle, Id user, Optional<Kept> before, Upload upload) {
        directory.requireRoomForKeyChange(handle, user);
        boolean isVouchedFor = before.isEmpty()
                || IdentitySignature.vouches(
                        before.get().identityKey(), upload.identityKey(), upload.identitySignature());
        if (isVouchedFor) {
            store.dropChange(handle, user);
            become(handle, user, upload);
            return now();
        }
        Optional<Change> waiting = store.change(handle, user);
        if (waiting.isPresent()) {
            Change same = waiting.get();
            if (!same.upload().identityKey().equals(upload.identityKey())) {
                throw Reason.KEY_ALREADY_PENDING.refuse();
            }
            store.putChange(handle, new Change(user, upload, same.effectiveAt()));
            return same.effectiveAt();
        }
        Change change = new Change(user, upload, now().plus(WAIT));
        store.putChange(handle, change);
        tell(handle, user, Stage.PENDING, upload, change.effectiveAt());
        return change.effectiveAt();
    }

    /** Another identity: nothing of the one before is handed out from now on. */
    private void become(Handle handle, Id user, Upload upload) {
        store.dropWaiting(handle, user);
        place(handle, user, upload);
        tell(handle, user, Stage.EFFECTIVE, upload, now());
    }

    private void place(Handle handle, Id user, Upload upload) {
        store.keep(handle, user, Kept.of(upload));
        if (!upload.oneTimePrekeys().isEmpty()) {
            store.replace(handle, user, Kind.CURVE, texts(upload.oneTimePrekeys()));
        }
        List<Upload.KyberPrekey> kyber = upload.kyberPrekeys() == null ? List.of() : upload.kyberPrekeys();
        if (!kyber.isEmpty()) {
            store.replace(handle, user, Kind.KYBER, texts(kyber));
        }
    }

    private static List<String> texts(List<?> prekeys) {
        return prekeys.stream().map(Json::text).toList();
    }

    private void withdraw(Handle handle, Id user) {
        store.change(handle, user).ifPresent(change -> {
            store.dropChange(handle, user);
            tell(handle, user, Stage.WITHDRAWN, change.upload(), change.effectiveAt());
        });
    }

    private void settleIfDue(Handle handle, Id user) {
        store.change(handle, user)
                .filter(change -> !change.effectiveAt().isAfter(now()))
                .ifPresent(change -> settle(handle, change));
    }

    private void settle(Handle handle, Change change) {
        store.dropChange(handle, change.user());
        become(handle, change.user(), change.upload());
    }

    private void tell(Handle handle, Id user, Stage stage, Upload upload, Instant effectiveAt) {
        directory.tell(
                handle,
                user,
                new KeyChange(KeyChange.Key.IDENTITY, stage, fingerprint(upload.identityKey()), effectiveAt));
    }

    /** SHA-256 of the key as it was sent, in upper-case hex. */
    static String fingerprint(String identityKey) {
        return HexFormat.of().withUpperCase().formatHex(Secrets.sha256(identityKey.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Hands out a bundle and with it, as long as there are some, one prekey of each kind that nobody else ever gets;
     * {@code not_found} where there is no such user or nothing of theirs. On a full disk as well: it takes no room.
     */
    public Bundle take(Id taker, Username name) {
        User owner = directory.require(name);
        boolean canSpare = takings == null || takings.take(taker, owner.id());
        return database.free(handle -> {
            settleIfDue(handle, owner.id());
            Kept kept = store.kept(handle, owner.id()).orElseThrow(Reason.NOT_FOUND::refuse);
            Optional<String> curve = canSpare ? store.take(handle, owner.id(), Kind.CURVE) : Optional.empty();
            Optional<String> kyber = canSpare ? store.take(handle, owner.id(), Kind.KYBER) : Optional.empty();
            if (curve.isPresent() || kyber.isPresent()) {
                tellIfLow(handle, owner.id());
            }
            Upload.@Nullable KyberPrekey lastResort = kept.lastResortKyberPrekey();
            return new Bundle(
                    owner.name(),
                    kept.identityKey(),
                    kept.signedPrekey(),
                    curve.orElse(null),
                    kyber.orElse(lastResort == null ? null : Json.text(lastResort)));
        });
    }

    /** In the owner's queue waits at most one of these, the newest. */
    private void tellIfLow(Handle handle, Id owner) {
        Stock left = stock(handle, owner);
        if (left.isLow()) {
            queue.announce(handle, owner, "prekeys.low", Json.text(new Low(left.curve(), left.kyber())), "");
        }
    }

    @Override
    public int expire(Handle handle, Instant now) {
        List<Change> due = store.due(handle, now, BATCH_ROWS);
        due.forEach(change -> settle(handle, change));
        return due.size();
    }

    private Instant now() {
        return time.instant().truncatedTo(ChronoUnit.SECONDS);
    }
}
