// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Optional;
import org.handshaker.auth.ResetStore.AskedBy;
import org.handshaker.auth.ResetStore.Row;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secret;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.directory.Directory;
import org.handshaker.directory.KeyChange;
import org.handshaker.directory.KeyChanged;
import org.handshaker.directory.User;
import org.handshaker.store.Database;
import org.handshaker.store.Expiring;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * A new password for those who forgot the old one: by a one-time code encrypted to the key on file, or by a recovery code.
 *
 * <p>Every name is treated alike, whether it exists or has a key: the same rows are written, the same work is done, the same
 * shape is answered. The code is an HMAC of the reset's id, so the store holds nothing that could be guessed at.
 *
 * <p>Whoever asks has a reset of their own: its id, its code and its five tries are known to nobody else, so that no stranger
 * can spend them, share them or end them. Only past a thousand live ones of a name does the next asker get a message like all
 * others whose code is not taken; known devices have a thousand of their own. A name's tries within ten minutes are bounded
 * by that, and the codes are long enough for it (docs/decisions/0009-resets.md).
 */
final class Resets implements Expiring, KeyChanged {
    static final Duration LIFE = Duration.ofMinutes(10);
    static final int TRIES_MAX = 5;
    private static final int OTP_BYTES = 16;

    /** What a person who forgot gets back. */
    record Challenge(Id id, String message, Duration life) {}

    private record Asked(Id reset, @Nullable String certificate) {}

    private final Database database;
    private final Vault vault;
    private final Directory directory;
    private final KeyChanges keys;
    private final Challenges challenges;
    private final Devices devices;
    private final InstantSource time;
    private final byte[] otpKey;
    private final ResetStore store = new ResetStore();

    Resets(
            Database database,
            Vault vault,
            Directory directory,
            KeyChanges keys,
            Challenges challenges,
            Devices devices,
            InstantSource time) {
        this.database = database;
        this.vault = vault;
        this.directory = directory;
        this.keys = keys;
        this.challenges = challenges;
        this.devices = devices;
        this.time = time;
        this.otpKey = vault.derive("one-time password");
    }

    /** Answers the same to everyone; only the owner's key reads it. */
    Challenge ask(Username name, @Nullable Secret deviceToken) {
        Instant now = now();
        Asked asked = database.write(handle -> {
            Optional<User> user = directory.find(handle, name);
            boolean known = devices.isKnown(user.map(User::id).orElseGet(Id::random), deviceToken);
            AskedBy by = known ? AskedBy.KNOWN_DEVICE : AskedBy.STRANGER;
            Id reset = reset(handle, account(name), by, now);
            // Nobody is asked about, too: one question less would be heard in the time.
            Optional<Certificate> key = keys.trusted(handle, user.map(User::id).orElseGet(Id::random));
            return new Asked(reset, key.map(Certificate::armored).orElse(null));
        });
        try (Secret otp = otp(name, asked.reset)) {
            return new Challenge(asked.reset, challenges.encrypt(name, asked.certificate, otp), LIFE);
        }
    }

    /** One's own, where there is room; otherwise an id that no row has, and whose code is therefore not taken. */
    private Id reset(Handle handle, byte[] account, AskedBy by, Instant now) {
        Id reset = Id.random();
        // Those whose tries are spent count until they expire: guessing makes no room for more guesses.
        if (store.live(handle, account, by, now) < Limits.RESETS_PER_NAME_MAX) {
            store.insert(handle, account, by, new Row(reset, 0, now.plus(LIFE)));
        }
        return reset;
    }

    /** The owner, where a known device asked for this reset; its tries may be spent. */
    Optional<Id> device(Username name, String resetId) {
        Optional<Id> id = readable(resetId);
        if (id.isEmpty()) {
            return Optional.empty();
        }
        Id reset = id.get();
        return database.read(handle -> store.askedBy(handle, account(name), reset, now())
                .filter(AskedBy.KNOWN_DEVICE::equals)
                .flatMap(known -> directory.find(handle, name))
                .map(User::id));
    }

    /**
     * The user whom the code proves to be the owner, without using it up; {@code bad_otp} for whatever is wrong. A wrong code
     * is counted, and the count is committed before the refusal: no number of guesses at once makes a sixth.
     */
    Id check(Username name, String resetId, Secret otp) {
        Id reset = parse(resetId);
        return database.free(handle -> isRight(handle, name, reset, otp)
                        ? directory.find(handle, name).map(User::id)
                        : Optional.<Id>empty())
                .orElseThrow(Reason.BAD_OTP::refuse);
    }

    /** Uses the code up, and with it every other reset of the account; {@code bad_otp} where another was faster. */
    void use(Handle handle, Username name, String resetId, Secret otp) {
        if (!isRight(handle, name, parse(resetId), otp)) {
            throw Reason.BAD_OTP.refuse();
        }
        forget(handle, name);
    }

    /** Whether the code of this reset would still be taken. */
    boolean isLive(Username name, Id reset) {
        return database.read(handle -> store.find(handle, account(name), reset, now())
                .filter(row -> row.tries() < TRIES_MAX)
                .isPresent());
    }

    private boolean isRight(Handle handle, Username name, Id reset, Secret otp) {
        Optional<Row> row = store.find(handle, account(name), reset, now());
        boolean right;
        try (Secret expected = otp(name, reset)) {
            right = expected.equals(otp);
        }
        if (row.isEmpty() || row.get().tries() >= TRIES_MAX) {
            return false;
        }
        if (!right) {
            store.countTry(handle, reset);
        }
        return right;
    }

    /** Every reset of this name is off. */
    void forget(Handle handle, Username name) {
        store.deleteAll(handle, account(name));
    }

    /** What was encrypted to the key before proves nothing about the owner of this one. */
    @Override
    public void keyChanged(Handle handle, Id user, KeyChange change) {
        if (change.stage() == KeyChange.Stage.EFFECTIVE && change.key() == KeyChange.Key.PGP) {
            directory.byId(handle, user).map(User::name).ifPresent(name -> forget(handle, name));
        }
    }

    @Override
    public int expire(Handle handle, Instant now) {
        return store.expire(handle, now, BATCH_ROWS);
    }

    /** The code of a reset; for its owner's mail and nobody's answer. */
    Secret otp(Username name, Id reset) {
        byte[] message = Vault.lengthPrefixed("otp", account(name), reset.bytes());
        return Secret.base64Url(Arrays.copyOf(Vault.hmac(otpKey, message), OTP_BYTES));
    }

    private byte[] account(Username name) {
        return vault.blind("reset", bytes(name.bare()));
    }

    private static Id parse(String resetId) {
        return readable(resetId).orElseThrow(Reason.BAD_OTP::refuse);
    }

    private static Optional<Id> readable(String resetId) {
        try {
            return Optional.of(Id.parse(resetId));
        } catch (Refused noId) {
            return Optional.empty();
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private Instant now() {
        return time.instant().truncatedTo(ChronoUnit.SECONDS);
    }
}
