// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secret;
import org.handshaker.core.Secrets;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.directory.Directory;
import org.handshaker.directory.User;
import org.handshaker.store.Database;
import org.handshaker.store.Expiring;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Signing in, by password or by reading a message encrypted to the account's key. A name that nobody has costs the same work
 * and gets the same answers.
 *
 * <p>Key challenges are kept nowhere: the expected response is an HMAC of the challenge's id, which holds its expiry. So
 * nobody can use up another's challenges; only those answered rightly are remembered, until they expire.
 */
final class Logins implements Expiring {
    static final Duration CHALLENGE_LIFE = Duration.ofMinutes(10);
    private static final int EXPIRY_BYTES = 5;
    private static final int RESPONSE_BYTES = 16;

    /** A message that the owner answers with its text. */
    record Challenge(Id id, String message, Duration life) {}

    private record Known(User user, String phc) {}

    private record KeyHolder(User user, Certificate certificate) {}

    private final Database database;
    private final Directory directory;
    private final Passwords passwords;
    private final ProofStore proofs;
    private final Sessions sessions;
    private final Suspensions suspensions;
    private final KeyChanges keys;
    private final Challenges challenges;
    private final InstantSource time;
    private final byte[] responseKey;
    private final SpentStore spent = new SpentStore();

    Logins(
            Database database,
            Vault vault,
            Directory directory,
            Passwords passwords,
            ProofStore proofs,
            Sessions sessions,
            Suspensions suspensions,
            KeyChanges keys,
            Challenges challenges,
            InstantSource time) {
        this.database = database;
        this.directory = directory;
        this.passwords = passwords;
        this.proofs = proofs;
        this.sessions = sessions;
        this.suspensions = suspensions;
        this.keys = keys;
        this.challenges = challenges;
        this.time = time;
        this.responseKey = vault.derive("key challenge");
    }

    /** A session, or {@code bad_credentials}. A hash that cost less than today's is made anew. */
    Grant byPassword(Username name, char[] password) {
        Optional<Known> known = database.read(handle -> known(handle, name));
        boolean fits =
                known.isPresent() ? passwords.matches(password, known.get().phc) : passwords.matchesNobody(password);
        if (!fits) {
            throw Reason.BAD_CREDENTIALS.refuse();
        }
        Known proven = known.orElseThrow(Reason.BAD_CREDENTIALS::refuse);
        @Nullable String rehashed = passwords.needsRehash(proven.phc) ? passwords.hash(password) : null;
        // Even on a full disk, for as long as a session finds room in it: who is not signed in cannot make room either.
        return database.free(handle -> {
            Id user = proven.user.id();
            // Hashing takes a while: a password that was changed meanwhile opens nothing.
            if (!proofs.password(handle, user).equals(Optional.of(proven.phc)) || suspensions.holds(handle, user)) {
                throw Reason.BAD_CREDENTIALS.refuse();
            }
            if (rehashed != null) {
                proofs.setPassword(handle, user, rehashed);
            }
            return sessions.open(handle, user);
        });
    }

    /** Asks the same of the store for a name that nobody has: one question less would be heard in the time. */
    private Optional<Known> known(Handle handle, Username name) {
        Optional<User> user = directory.find(handle, name);
        Optional<String> phc = proofs.password(handle, user.map(User::id).orElseGet(Id::random));
        return user.flatMap(found -> phc.map(text -> new Known(found, text)));
    }

    /** A message to the account's key, or one of the same shape to nobody. */
    Challenge challenge(Username name) {
        Optional<KeyHolder> holder = database.read(handle -> holder(handle, name));
        Id id = Id.of(ByteBuffer.allocate(Id.BYTES)
                .put(expiry(time.instant().plus(CHALLENGE_LIFE)))
                .put(Secrets.randomBytes(Id.BYTES - EXPIRY_BYTES))
                .array());
        String fingerprint =
                holder.map(found -> found.certificate.fingerprint()).orElse("");
        String armored = holder.map(found -> found.certificate.armored()).orElse(null);
        try (Secret response = response(name, fingerprint, id)) {
            return new Challenge(id, challenges.encrypt(name, armored, response), CHALLENGE_LIFE);
        }
    }

    /** A session for who read the challenge, or {@code bad_otp}. */
    Grant byKey(Username name, String challengeId, Secret response) {
        Id id = parse(challengeId);
        Optional<KeyHolder> holder = database.read(handle -> holder(handle, name));
        String fingerprint =
                holder.map(found -> found.certificate.fingerprint()).orElse("");
        boolean right;
        try (Secret expected = response(name, fingerprint, id)) {
            right = expected.equals(response);
        }
        Instant expires = expiry(id);
        if (!right || holder.isEmpty() || !expires.isAfter(time.instant())) {
            throw Reason.BAD_OTP.refuse();
        }
        return database.free(handle -> {
            // A key that was replaced since opens nothing, and of two who answer at once one wins.
            Optional<KeyHolder> still =
                    holder(handle, name).filter(now -> now.certificate.equals(holder.get().certificate));
            if (still.isEmpty()
                    || suspensions.holds(handle, still.get().user.id())
                    || !spent.add(handle, id, expires)) {
                throw Reason.BAD_OTP.refuse();
            }
            return sessions.open(handle, still.get().user.id());
        });
    }

    private Optional<KeyHolder> holder(Handle handle, Username name) {
        Optional<User> user = directory.find(handle, name);
        // Asked for nobody, too.
        var trusted = keys.trusted(handle, user.map(User::id).orElseGet(Id::random));
        return user.flatMap(found -> trusted.map(key -> new KeyHolder(found, key)));
    }

    private Secret response(Username name, String fingerprint, Id id) {
        byte[] message = Vault.lengthPrefixed("response", bytes(name.bare()), bytes(fingerprint), id.bytes());
        return Secret.base64Url(Arrays.copyOf(Vault.hmac(responseKey, message), RESPONSE_BYTES));
    }

    private static byte[] expiry(Instant at) {
        byte[] seconds =
                ByteBuffer.allocate(Long.BYTES).putLong(at.getEpochSecond()).array();
        return Arrays.copyOfRange(seconds, Long.BYTES - EXPIRY_BYTES, Long.BYTES);
    }

    private static Instant expiry(Id id) {
        byte[] seconds = new byte[Long.BYTES];
        System.arraycopy(id.bytes(), 0, seconds, Long.BYTES - EXPIRY_BYTES, EXPIRY_BYTES);
        return Instant.ofEpochSecond(ByteBuffer.wrap(seconds).getLong());
    }

    private static Id parse(String challengeId) {
        try {
            return Id.parse(challengeId);
        } catch (Refused noId) {
            throw Reason.BAD_OTP.refuse();
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public int expire(Handle handle, Instant now) {
        return spent.expire(handle, now, BATCH_ROWS);
    }
}
