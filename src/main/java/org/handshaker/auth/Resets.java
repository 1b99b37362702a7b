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
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secrets;
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
 * <p>Strangers share five resets for an account. The next one who asks gets a message about the newest of them: neither kills
 * it nor is turned away. Devices that have signed in before have five of their own, which no stranger can use up.
 */
final class Resets implements Expiring, KeyChanged {
    static final Duration LIFE = Duration.ofMinutes(10);
    static final int LIVE_MAX = 5;
    static final int TRIES_MAX = 5;
    private static final int OTP_BYTES = 16;

    /** What a person who forgot gets back. */
    record Challenge(Id id, String message, Duration life) {}

    private record Asked(Row reset, @Nullable String certificate) {}

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
    Challenge ask(Username name, @Nullable String deviceToken) {
        Instant now = now();
        Asked asked = database.write(handle -> {
            Optional<User> user = directory.find(handle, name);
            boolean known = devices.isKnown(user.map(User::id).orElseGet(Id::random), deviceToken);
            AskedBy by = known ? AskedBy.KNOWN_DEVICE : AskedBy.STRANGER;
            Row reset = room(handle, account(name), by, now);
            Optional<Certificate> key =
                    user.isPresent() ? keys.trusted(handle, user.get().id()) : Optional.empty();
            return new Asked(reset, key.map(Certificate::armored).orElse(null));
        });
        String message = challenges.encrypt(name, asked.certificate, otp(name, asked.reset.id()));
        return new Challenge(asked.reset.id(), message, LIFE);
    }

    private Row room(Handle handle, byte[] account, AskedBy by, Instant now) {
        Instant expires = now.plus(LIFE);
        if (store.live(handle, account, by, TRIES_MAX, now) >= LIVE_MAX) {
            Row newest = store.newest(handle, account, by, TRIES_MAX).orElseThrow();
            // Its full life again: what is left of it would tell when somebody else had asked.
            store.extend(handle, newest.id(), expires);
            return newest;
        }
        Row reset = new Row(Id.random(), 0, expires);
        store.insert(handle, account, by, reset);
        return reset;
    }

    /**
     * The user whom the code proves to be the owner, without using it up; {@code bad_otp} for whatever is wrong. A wrong code
     * is counted, and the count is committed before the refusal: no number of guesses at once makes a sixth.
     */
    Id check(Username name, String resetId, String otp) {
        Id reset = parse(resetId);
        return database.write(handle -> isRight(handle, name, reset, otp)
                        ? directory.find(handle, name).map(User::id)
                        : Optional.<Id>empty())
                .orElseThrow(Reason.BAD_OTP::refuse);
    }

    /** Uses the code up, and with it every other reset of the account; {@code bad_otp} where another was faster. */
    void use(Handle handle, Username name, String resetId, String otp) {
        if (!isRight(handle, name, parse(resetId), otp)) {
            throw Reason.BAD_OTP.refuse();
        }
        forget(handle, name);
    }

    private boolean isRight(Handle handle, Username name, Id reset, String otp) {
        Optional<Row> row = store.find(handle, account(name), reset, now());
        boolean right = Secrets.same(bytes(otp(name, reset)), bytes(otp));
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
        if (change.stage() == KeyChange.Stage.EFFECTIVE) {
            directory.byId(handle, user).map(User::name).ifPresent(name -> forget(handle, name));
        }
    }

    @Override
    public int expire(Handle handle, Instant now) {
        return store.expire(handle, now, BATCH_ROWS);
    }

    private String otp(Username name, Id reset) {
        byte[] message = Vault.lengthPrefixed("otp", account(name), reset.bytes());
        return Secrets.base64Url(Arrays.copyOf(Vault.hmac(otpKey, message), OTP_BYTES));
    }

    private byte[] account(Username name) {
        return vault.blind("reset", bytes(name.bare()));
    }

    private static Id parse(String resetId) {
        try {
            return Id.parse(resetId);
        } catch (Refused noId) {
            throw Reason.BAD_OTP.refuse();
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private Instant now() {
        return time.instant().truncatedTo(ChronoUnit.SECONDS);
    }
}
