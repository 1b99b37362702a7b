// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.handshaker.auth.SessionStore.Row;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Remembered;
import org.handshaker.core.Secret;
import org.handshaker.core.Secrets;
import org.handshaker.core.Vault;
import org.handshaker.store.Database;
import org.handshaker.store.Expiring;
import org.handshaker.web.Authenticator;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Who is signed in. A session begins with a proof that other classes check, goes on with every refresh, and ends at once and
 * everywhere: no access token speaks for it after the commit that ended it, and {@link SessionEnded} closes its sockets.
 *
 * <p>Of refresh tokens exactly one is good at any time. One that comes back a second time means that two hold it, the owner
 * and a thief, and nobody knows which is which: the session ends. Only the try that rotated it may ask once more, for a
 * minute, because Tor loses answers.
 */
public final class Sessions implements Authenticator, Expiring {
    static final Duration RETRY_WINDOW = Duration.ofSeconds(60);
    /** Devices of one user; the next one ends the session that has slept longest. */
    static final int SESSIONS_PER_USER_MAX = 100;

    private static final int REMEMBERED_SESSIONS = 50_000;

    private final Database database;
    private final Tokens tokens;
    private final Devices devices;
    private final RefreshToken.Mint mint;
    private final Duration life;
    private final InstantSource time;
    private final SessionStore store = new SessionStore();
    private final SeenStore seen = new SeenStore();
    private final Remembered<Id, Id> userOfLiveSession = new Remembered<>(REMEMBERED_SESSIONS);
    private final List<SessionEnded> listeners = new CopyOnWriteArrayList<>();

    Sessions(Database database, Vault vault, Tokens tokens, Devices devices, Duration life, InstantSource time) {
        this.database = database;
        this.tokens = tokens;
        this.devices = devices;
        this.mint = new RefreshToken.Mint(vault);
        this.life = life;
        this.time = time;
    }

    /** The wiring adds listeners before it serves. */
    public void whenEnded(SessionEnded listener) {
        listeners.add(listener);
    }

    @Override
    public Caller authenticate(String bearerToken) {
        Caller caller = tokens.read(bearerToken);
        Optional<Id> user = userOfLiveSession.find(
                caller.session(),
                () -> database.read(
                        handle -> store.find(handle, caller.session(), now()).map(Row::user)));
        if (!user.equals(Optional.of(caller.user()))) {
            throw Reason.NOT_SIGNED_IN.refuse();
        }
        return caller;
    }

    /** Whether the session still stands; a socket asks this once, after it has begun to listen for its end. */
    public boolean isLive(Caller caller) {
        return database.read(handle -> store.find(handle, caller.session(), now()))
                .map(Row::user)
                .equals(Optional.of(caller.user()));
    }

    /** Begins a session, inside the change that checked the proof. */
    Grant open(Handle handle, Id user) {
        Caller caller = new Caller(user, Id.random());
        Instant now = now();
        RefreshToken token = mint.first(caller.session(), now.plus(life));
        store.insert(handle, caller, token, now);
        seen.seen(handle, user, Idle.day(now));
        // The store knows no more than the day, so the one just begun may look as old as any.
        store.beyond(handle, user, SESSIONS_PER_USER_MAX).stream()
                .filter(asleep -> !asleep.equals(caller.session()))
                .forEach(asleep -> end(handle, new Caller(user, asleep)));
        return grant(caller, token, now);
    }

    /**
     * Exchanges a refresh token for the next. Refuses with {@code not_signed_in} what this relay did not make, and with
     * {@code session_revoked} what belongs to a session that is over, or is over now because of this second use.
     *
     * @param retryId the client's own name for this try
     */
    Grant refresh(Secret text, @Nullable String retryId) {
        try (RefreshToken token = mint.read(text).orElseThrow(Reason.NOT_SIGNED_IN::refuse)) {
            // A refusal inside the change would undo the very ending that it reports.
            return database.free(handle -> refreshed(handle, token, retryId))
                    .orElseThrow(Reason.SESSION_REVOKED::refuse);
        }
    }

    private Optional<Grant> refreshed(Handle handle, RefreshToken token, @Nullable String retryId) {
        Instant now = now();
        Optional<Row> session = store.find(handle, token.session(), now);
        if (session.isEmpty() || !token.expires().isAfter(now)) {
            return Optional.empty();
        }
        Caller caller = new Caller(session.get().user(), token.session());
        if (Secrets.same(session.get().tokenHash(), token.hash())) {
            RefreshToken next = mint.after(token, retryId, now.plus(life));
            store.rotate(handle, next);
            seen.seen(handle, caller.user(), Idle.day(now));
            if (retryId != null) {
                store.remember(handle, token, Secrets.sha256(retryId), now);
            }
            return Optional.of(grant(caller, next, now));
        }
        if (retryId != null) {
            Optional<Instant> used = store.used(handle, token)
                    .filter(before -> Secrets.same(before.retryHash(), Secrets.sha256(retryId)))
                    .map(SessionStore.Used::at)
                    .filter(at -> now.isBefore(at.plus(RETRY_WINDOW)));
            if (used.isPresent()) {
                Instant then = used.get();
                return Optional.of(grant(caller, mint.after(token, retryId, then.plus(life)), then));
            }
        }
        end(handle, caller);
        return Optional.empty();
    }

    private Grant grant(Caller caller, RefreshToken token, Instant at) {
        return new Grant(
                caller, tokens.issue(caller, at), token.text(), devices.token(caller.user(), caller.session()));
    }

    void end(Caller caller) {
        database.free(handle -> end(handle, caller));
    }

    /** Ends one of the user's sessions, or refuses with {@code not_found}. */
    void end(Id user, Id session) {
        if (!database.free(handle -> end(handle, new Caller(user, session)))) {
            throw Reason.NOT_FOUND.refuse();
        }
    }

    /** Returns whether there was such a session. */
    private boolean end(Handle handle, Caller caller) {
        boolean ended = store.delete(handle, caller.user(), caller.session());
        if (ended) {
            database.afterCommit(() -> {
                userOfLiveSession.forget(caller.session());
                listeners.forEach(listener -> listener.sessionEnded(caller.user(), caller.session()));
            });
        }
        return ended;
    }

    void endAll(Id user) {
        database.free(handle -> {
            endAll(handle, user);
            return user;
        });
    }

    void endAll(Handle handle, Id user) {
        store.beyond(handle, user, 0).forEach(session -> end(handle, new Caller(user, session)));
    }

    void endOthers(Handle handle, Caller staying) {
        store.beyond(handle, staying.user(), 0).stream()
                .filter(session -> !session.equals(staying.session()))
                .forEach(session -> end(handle, new Caller(staying.user(), session)));
    }

    List<Session> list(Caller caller) {
        return database.read(handle -> store.of(handle, caller.user(), caller.session(), now()));
    }

    /** How long an access token lives. */
    Duration accessLife() {
        return tokens.life();
    }

    @Override
    public int expire(Handle handle, Instant now) {
        int used = store.forgetUsedBefore(handle, now.minus(RETRY_WINDOW), BATCH_ROWS);
        List<Caller> expired = store.expired(handle, now, BATCH_ROWS);
        expired.forEach(caller -> end(handle, caller));
        return Math.max(used, expired.size());
    }

    /** Whole seconds, so that a token made again for the same try is the same token. */
    private Instant now() {
        return time.instant().truncatedTo(ChronoUnit.SECONDS);
    }
}
