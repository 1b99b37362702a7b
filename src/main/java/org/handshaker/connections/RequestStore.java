// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Vault;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * The SQL of the tables {@code requests} and {@code asked}: two rows for each request, one for each side. A hidden request is
 * filed under a key that its addressee never looks under; for the asker it is like any other.
 */
final class RequestStore {
    private static final Comparator<Request> SOONEST_FIRST =
            Comparator.comparing(Request::expiresAt).thenComparing(Request::id);

    private final Vault vault;

    RequestStore(Vault vault) {
        this.vault = vault;
    }

    /** Whether the addressee sees a request. */
    enum Filed {
        OPENLY("request.addressee"),
        HIDDEN("request.hidden");

        private final String key;

        Filed(String key) {
            this.key = key;
        }
    }

    void add(Handle handle, Request request, Filed filed) {
        byte[] id = request.id().bytes();
        handle.createUpdate(
                        """
                        INSERT INTO requests (row, request_id, pair, addressee, sealed, expires_at)
                        VALUES (:row, :id, :pair, :addressee, :sealed, :expires)
                        """)
                .bind("row", ByteBuffer.wrap(id).getLong())
                .bind("id", id)
                .bind("pair", pair(request.asker(), request.addressee()))
                .bind("addressee", addressee(request.addressee(), filed))
                .bind("sealed", vault.seal(content(request), "request", id))
                .bind("expires", request.expiresAt().getEpochSecond())
                .execute();
        byte[] askedPair = askedPair(request.asker(), request.addressee());
        handle.createUpdate("INSERT INTO asked (pair, asker, addressee_sealed) VALUES (:pair, :asker, :addressee)")
                .bind("pair", askedPair)
                .bind("asker", asker(request.asker()))
                .bind("addressee", vault.seal(request.addressee().bytes(), "asked.addressee", askedPair))
                .execute();
    }

    /** The request of that id, if the addressee may see it. */
    Optional<Request> find(Handle handle, Id id, Id addressee, Instant now) {
        return handle.createQuery(
                        """
                        SELECT request_id, sealed, expires_at FROM requests
                        WHERE request_id = :id AND addressee = :addressee AND expires_at > :now
                        """)
                .bind("id", id.bytes())
                .bind("addressee", addressee(addressee, Filed.OPENLY))
                .bind("now", now.getEpochSecond())
                .map((row, context) -> request(row))
                .findOne();
    }

    /** The request from one to the other, hidden or expired ones too. */
    Optional<Request> between(Handle handle, Id asker, Id addressee) {
        return handle.createQuery("SELECT request_id, sealed, expires_at FROM requests WHERE pair = :pair")
                .bind("pair", pair(asker, addressee))
                .map((row, context) -> request(row))
                .findOne();
    }

    int countIncoming(Handle handle, Id addressee, Instant now) {
        return handle.createQuery("SELECT count(*) FROM requests WHERE addressee = :addressee AND expires_at > :now")
                .bind("addressee", addressee(addressee, Filed.OPENLY))
                .bind("now", now.getEpochSecond())
                .mapTo(Integer.class)
                .one();
    }

    List<Request> incoming(Handle handle, Id addressee, Instant now) {
        return handle
                .createQuery(
                        """
                        SELECT request_id, sealed, expires_at FROM requests
                        WHERE addressee = :addressee AND expires_at > :now
                        """)
                .bind("addressee", addressee(addressee, Filed.OPENLY))
                .bind("now", now.getEpochSecond())
                .map((row, context) -> request(row))
                .stream()
                .sorted(SOONEST_FIRST)
                .toList();
    }

    List<Request> outgoing(Handle handle, Id asker, Instant now) {
        return outgoing(handle, asker).stream()
                .filter(request -> request.isAlive(now))
                .sorted(SOONEST_FIRST)
                .toList();
    }

    private List<Request> outgoing(Handle handle, Id asker) {
        List<Id> addressees = handle.createQuery("SELECT pair, addressee_sealed FROM asked WHERE asker = :asker")
                .bind("asker", asker(asker))
                .map((row, context) ->
                        Id.of(vault.open(row.getBytes("addressee_sealed"), "asked.addressee", row.getBytes("pair"))))
                .list();
        List<Request> requests = new ArrayList<>(addressees.size());
        for (Id addressee : addressees) {
            between(handle, asker, addressee).ifPresent(requests::add);
        }
        return requests;
    }

    /** Opens the rows only near the bound, since their time is not written on this side. */
    int countOutgoing(Handle handle, Id asker, Instant now) {
        int rows = handle.createQuery("SELECT count(*) FROM asked WHERE asker = :asker")
                .bind("asker", asker(asker))
                .mapTo(Integer.class)
                .one();
        return rows < Limits.REQUESTS_PENDING_MAX
                ? rows
                : outgoing(handle, asker, now).size();
    }

    /** Everything from and to a user, hidden and expired ones too. */
    List<Request> allOf(Handle handle, Id user) {
        List<Request> all = new ArrayList<>(outgoing(handle, user));
        all.addAll(handle.createQuery(
                        "SELECT request_id, sealed, expires_at FROM requests WHERE addressee IN (:openly, :hidden)")
                .bind("openly", addressee(user, Filed.OPENLY))
                .bind("hidden", addressee(user, Filed.HIDDEN))
                .map((row, context) -> request(row))
                .list());
        return all;
    }

    List<Request> expired(Handle handle, Instant now, int most) {
        return handle.createQuery(
                        """
                        SELECT request_id, sealed, expires_at FROM requests
                        WHERE expires_at <= :now ORDER BY expires_at LIMIT :most
                        """)
                .bind("now", now.getEpochSecond())
                .bind("most", most)
                .map((row, context) -> request(row))
                .list();
    }

    void hide(Handle handle, Request request) {
        handle.createUpdate("UPDATE requests SET addressee = :hidden WHERE request_id = :id")
                .bind("hidden", addressee(request.addressee(), Filed.HIDDEN))
                .bind("id", request.id().bytes())
                .execute();
    }

    void delete(Handle handle, Request request) {
        handle.createUpdate("DELETE FROM requests WHERE request_id = :id")
                .bind("id", request.id().bytes())
                .execute();
        handle.createUpdate("DELETE FROM asked WHERE pair = :pair")
                .bind("pair", askedPair(request.asker(), request.addressee()))
                .execute();
    }

    private static byte[] content(Request request) {
        @Nullable String intro = request.intro();
        byte[] words = intro == null ? new byte[0] : intro.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(2 * Id.BYTES + words.length)
                .put(request.asker().bytes())
                .put(request.addressee().bytes())
                .put(words)
                .array();
    }

    private Request request(ResultSet row) throws SQLException {
        byte[] id = row.getBytes("request_id");
        ByteBuffer content = ByteBuffer.wrap(vault.open(row.getBytes("sealed"), "request", id));
        byte[] asker = new byte[Id.BYTES];
        byte[] addressee = new byte[Id.BYTES];
        content.get(asker).get(addressee);
        @Nullable
        String intro =
                content.hasRemaining() ? StandardCharsets.UTF_8.decode(content).toString() : null;
        return new Request(
                Id.of(id), Id.of(asker), Id.of(addressee), intro, Instant.ofEpochSecond(row.getLong("expires_at")));
    }

    private byte[] pair(Id asker, Id addressee) {
        return vault.blind("request.pair", asker.bytes(), addressee.bytes());
    }

    private byte[] addressee(Id addressee, Filed filed) {
        return vault.blind(filed.key, addressee.bytes());
    }

    private byte[] askedPair(Id asker, Id addressee) {
        return vault.blind("asked.pair", asker.bytes(), addressee.bytes());
    }

    private byte[] asker(Id asker) {
        return vault.blind("asked.asker", asker.bytes());
    }
}
