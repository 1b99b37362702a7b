// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.jdbi.v3.core.Handle;

/** The SQL of {@code sessions} and {@code refreshed}. */
final class SessionStore {
    /** A session and the hash of its good token. */
    record Row(Id user, byte[] tokenHash) {
        @Override
        public String toString() {
            return "Row";
        }
    }

    /** When and for which try a token was used. */
    record Used(byte[] retryHash, Instant at) {
        @Override
        public String toString() {
            return "Used";
        }
    }

    void insert(Handle handle, Caller caller, RefreshToken token, Instant now) {
        handle.createUpdate(
                        """
                        INSERT INTO sessions (id, user_id, token_hash, created_day, expires_day)
                        VALUES (:id, :user, :hash, :created, :expires)
                        """)
                .bind("id", caller.session().bytes())
                .bind("user", caller.user().bytes())
                .bind("hash", token.hash())
                .bind("created", Days.of(now))
                .bind("expires", Days.of(token.expires()))
                .execute();
    }

    Optional<Row> find(Handle handle, Id session, Instant now) {
        return handle.createQuery("SELECT user_id, token_hash FROM sessions WHERE id = :id AND expires_day >= :today")
                .bind("id", session.bytes())
                .bind("today", Days.of(now))
                .map((row, context) -> new Row(Id.of(row.getBytes("user_id")), row.getBytes("token_hash")))
                .findOne();
    }

    List<Session> of(Handle handle, Id user, Id current, Instant now) {
        return handle.createQuery(
                        """
                        SELECT id, created_day FROM sessions WHERE user_id = :user AND expires_day >= :today
                        ORDER BY created_day, id
                        """)
                .bind("user", user.bytes())
                .bind("today", Days.of(now))
                .map((row, context) -> {
                    Id id = Id.of(row.getBytes("id"));
                    return new Session(id, LocalDate.ofEpochDay(row.getLong("created_day")), id.equals(current));
                })
                .list();
    }

    /** The user's sessions past the first {@code keep}, those used last being the first. */
    List<Id> beyond(Handle handle, Id user, int keep) {
        return handle.createQuery(
                        """
                        SELECT id FROM sessions WHERE user_id = :user
                        ORDER BY expires_day DESC, id LIMIT -1 OFFSET :keep
                        """)
                .bind("user", user.bytes())
                .bind("keep", keep)
                .map((row, context) -> Id.of(row.getBytes("id")))
                .list();
    }

    void rotate(Handle handle, RefreshToken next) {
        handle.createUpdate("UPDATE sessions SET token_hash = :hash, expires_day = :expires WHERE id = :id")
                .bind("hash", next.hash())
                .bind("expires", Days.of(next.expires()))
                .bind("id", next.session().bytes())
                .execute();
    }

    void remember(Handle handle, RefreshToken used, byte[] retryHash, Instant now) {
        handle.createUpdate(
                        """
                        INSERT INTO refreshed (token_hash, session_id, retry_hash, used_at)
                        VALUES (:hash, :session, :retry, :now)
                        """)
                .bind("hash", used.hash())
                .bind("session", used.session().bytes())
                .bind("retry", retryHash)
                .bind("now", now.getEpochSecond())
                .execute();
    }

    Optional<Used> used(Handle handle, RefreshToken token) {
        return handle.createQuery("SELECT retry_hash, used_at FROM refreshed WHERE token_hash = :hash")
                .bind("hash", token.hash())
                .map((row, context) ->
                        new Used(row.getBytes("retry_hash"), Instant.ofEpochSecond(row.getLong("used_at"))))
                .findOne();
    }

    /** Returns whether it was there. */
    boolean delete(Handle handle, Id user, Id session) {
        return handle.createUpdate("DELETE FROM sessions WHERE id = :id AND user_id = :user")
                        .bind("id", session.bytes())
                        .bind("user", user.bytes())
                        .execute()
                == 1;
    }

    List<Caller> expired(Handle handle, Instant now, int most) {
        return handle.createQuery("SELECT id, user_id FROM sessions WHERE expires_day < :today LIMIT :most")
                .bind("today", Days.of(now))
                .bind("most", most)
                .map((row, context) -> new Caller(Id.of(row.getBytes("user_id")), Id.of(row.getBytes("id"))))
                .list();
    }

    int forgetUsedBefore(Handle handle, Instant before, int most) {
        return handle.createUpdate(
                        """
                        DELETE FROM refreshed WHERE token_hash IN
                            (SELECT token_hash FROM refreshed WHERE used_at < :before LIMIT :most)
                        """)
                .bind("before", before.getEpochSecond())
                .bind("most", most)
                .execute();
    }
}
