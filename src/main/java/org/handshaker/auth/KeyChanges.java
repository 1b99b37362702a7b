// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.handshaker.auth.KeyChangeStore.Row;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Vault;
import org.handshaker.directory.Directory;
import org.handshaker.directory.KeyChange;
import org.handshaker.directory.KeyChange.Stage;
import org.handshaker.directory.KeyChanged;
import org.handshaker.directory.User;
import org.handshaker.queue.Queue;
import org.handshaker.store.Database;
import org.handshaker.store.Expiring;
import org.handshaker.web.Json;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Which key speaks for an account, and how it becomes another. A key that the old one signed, or the first one given with
 * the password, counts at once. Any other waits 72 hours, is announced to the owner and the contacts, and can be withdrawn:
 * who stole a session cannot make it into the account overnight and unseen. A key that waits gets no challenge.
 *
 * <p>A first key without the password is served by the directory at once, since there is none it could replace, and waits only to be
 * trusted with resets and key sign-in.
 */
final class KeyChanges implements Expiring, KeyChanged {
    static final Duration WAIT = Duration.ofDays(3);

    /** Whether a call came with the current password. */
    enum Password {
        GIVEN,
        NOT_GIVEN
    }

    /** The answer: the new key and when it counts. */
    record Accepted(String fingerprint, Instant effectiveAt) {}

    /** @param key which one, where it is not the certificate */
    private record Event(String username, String fingerprint, String effectiveAt, @Nullable String key) {
        @Override
        public String toString() {
            return "Event";
        }
    }

    private final Database database;
    private final Directory directory;
    private final OpenPgp openPgp;
    private final Queue queue;
    private final InstantSource time;
    private final KeyChangeStore store;

    KeyChanges(Database database, Vault vault, Directory directory, OpenPgp openPgp, Queue queue, InstantSource time) {
        this.database = database;
        this.directory = directory;
        this.openPgp = openPgp;
        this.queue = queue;
        this.time = time;
        this.store = new KeyChangeStore(vault);
    }

    /** The key on file, where it may be asked to prove the owner. */
    Optional<Certificate> trusted(Handle handle, Id user) {
        Optional<Row> waiting = store.find(handle, user);
        if (waiting.isPresent() && waiting.get().armored() == null && !isDue(waiting.get())) {
            return Optional.empty();
        }
        if (waiting.isPresent() && waiting.get().armored() != null && isDue(waiting.get())) {
            // Its time has come and the sweeper has not.
            return Optional.of(
                    new Certificate(waiting.get().armored(), waiting.get().fingerprint()));
        }
        return onFile(handle, user);
    }

    private Optional<Certificate> onFile(Handle handle, Id user) {
        Optional<String> fingerprint = directory.byId(handle, user).map(User::fingerprint);
        return directory
                .certificate(handle, user)
                .flatMap(armored -> fingerprint.map(print -> new Certificate(armored, print)));
    }

    /**
     * Takes a new key.
     *
     * @param armor as the client sent it, which is what a signature is over
     * @param signature by the key on file; one that does not fit is as good as none
     * @param password whether the current password was given; the caller has checked it
     */
    Accepted change(Id user, Certificate next, String armor, @Nullable String signature, Password password) {
        Optional<Certificate> before = database.read(handle -> onFile(handle, user));
        boolean signed = signature != null
                && before.isPresent()
                && openPgp.vouches(before.get().armored(), signature, armor, time.instant());
        return database.write(handle -> {
            settleIfDue(handle, user);
            directory.requireRoomForKeyChange(handle, user);
            Optional<Certificate> current = onFile(handle, user);
            // What was signed by a key that is not on file any more is signed by nobody.
            boolean vouchedFor = signed && current.equals(before);
            return decide(handle, user, next, current.isPresent(), vouchedFor, password);
        });
    }

    private Accepted decide(
            Handle handle, Id user, Certificate next, boolean hasKey, boolean signed, Password password) {
        Optional<Row> waiting = store.find(handle, user);
        boolean isFirst = !hasKey || (waiting.isPresent() && waiting.get().armored() == null);
        if (isFirst) {
            if (hasKey && !signed && password == Password.NOT_GIVEN) {
                throw Reason.KEY_ALREADY_PENDING.refuse();
            }
            return putFirst(handle, user, next, password);
        }
        if (signed) {
            return putNow(handle, user, next);
        }
        if (waiting.isPresent()) {
            throw Reason.KEY_ALREADY_PENDING.refuse();
        }
        return await(handle, new Row(user, next.armored(), next.fingerprint(), now().plus(WAIT)));
    }

    private Accepted putFirst(Handle handle, Id user, Certificate next, Password password) {
        Accepted now = putNow(handle, user, next);
        return password == Password.GIVEN
                ? now
                : await(
                        handle,
                        new Row(
                                user,
                                null,
                                next.fingerprint(),
                                now.effectiveAt().plus(WAIT)));
    }

    private Accepted putNow(Handle handle, Id user, Certificate next) {
        store.delete(handle, user);
        directory.setKey(handle, user, next.armored(), next.fingerprint(), time.instant());
        return new Accepted(next.fingerprint(), now());
    }

    private Accepted await(Handle handle, Row change) {
        store.put(handle, change);
        tell(handle, change, Stage.PENDING);
        return new Accepted(change.fingerprint(), change.effectiveAt());
    }

    /** The change that waits is off; a first key that was not trusted yet is gone from the directory as well. */
    void withdraw(Id user) {
        database.free(handle -> {
            settleIfDue(handle, user);
            store.find(handle, user).ifPresent(change -> {
                store.delete(handle, user);
                if (change.armored() == null) {
                    directory.dropKey(handle, user);
                }
                tell(handle, change, Stage.WITHDRAWN);
            });
            return user;
        });
    }

    private void settleIfDue(Handle handle, Id user) {
        store.find(handle, user).filter(this::isDue).ifPresent(change -> settle(handle, change));
    }

    private void settle(Handle handle, Row change) {
        store.delete(handle, change.user());
        if (change.armored() == null) {
            tell(handle, change, Stage.EFFECTIVE);
        } else {
            directory.setKey(handle, change.user(), change.armored(), change.fingerprint(), time.instant());
        }
    }

    private void tell(Handle handle, Row change, Stage stage) {
        directory.tell(handle, change.user(), new KeyChange(stage, change.fingerprint(), change.effectiveAt()));
    }

    /** The owner's own queue hears of every stage; whoever did not ask for it knows then that someone else did. */
    @Override
    public void keyChanged(Handle handle, Id user, KeyChange change) {
        directory.byId(handle, user).map(User::name).ifPresent(name -> {
            Event event = new Event(
                    name.at(),
                    change.fingerprint(),
                    change.effectiveAt().truncatedTo(ChronoUnit.SECONDS).toString(),
                    change.key() == KeyChange.Key.PGP ? null : change.key().text());
            String subject = change.key().text() + user.text();
            queue.announce(handle, user, change.stage().kind(), Json.text(event), subject);
        });
    }

    @Override
    public int expire(Handle handle, Instant now) {
        var due = store.due(handle, now, BATCH_ROWS);
        due.forEach(change -> settle(handle, change));
        return due.size();
    }

    private boolean isDue(Row change) {
        return !change.effectiveAt().isAfter(now());
    }

    private Instant now() {
        return time.instant().truncatedTo(ChronoUnit.SECONDS);
    }
}
