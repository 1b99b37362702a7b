// SPDX-License-Identifier: MIT
package org.handshaker.invites;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Secret;
import org.handshaker.core.Vault;
import org.handshaker.invites.Invite.Kind;
import org.handshaker.web.Json;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** The SQL of {@code invites}. */
final class InviteStore {
    private static final String COLUMNS = "token_hash, invite_id, sealed, uses_left, expires_at";

    private final Vault vault;

    InviteStore(Vault vault) {
        this.vault = vault;
    }

    private record Content(String kind, @Nullable String inviter, @Nullable String group) {}

    void add(Handle handle, Secret token, Invite invite) {
        byte[] hash = hash(token);
        @Nullable Id inviter = invite.inviter();
        Content content = new Content(invite.kind().text(), inviter == null ? null : inviter.text(), invite.group());
        handle.createUpdate(
                        """
                        INSERT INTO invites (token_hash, invite_id, inviter, sealed, uses_left, expires_at)
                        VALUES (:hash, :id, :inviter, :sealed, :uses, :expires)
                        """)
                .bind("hash", hash)
                .bind("id", invite.id().bytes())
                .bind("inviter", inviter(inviter))
                .bind("sealed", vault.seal(Json.text(content), "invite", hash))
                .bind("uses", invite.usesLeft())
                .bind("expires", invite.expiresAt().getEpochSecond())
                .execute();
    }

    /** The invite of that token, unless its time is over. */
    Optional<Invite> find(Handle handle, Secret token, Instant now) {
        return handle.createQuery("SELECT " + COLUMNS + " FROM invites WHERE token_hash = :hash AND expires_at > :now")
                .bind("hash", hash(token))
                .bind("now", now.getEpochSecond())
                .map((row, context) -> invite(row))
                .findOne();
    }

    /** One use fewer; the last one takes the row with it. */
    void use(Handle handle, Secret token, Invite invite) {
        String sql = invite.usesLeft() == 1
                ? "DELETE FROM invites WHERE token_hash = :hash"
                : "UPDATE invites SET uses_left = uses_left - 1 WHERE token_hash = :hash";
        handle.createUpdate(sql).bind("hash", hash(token)).execute();
    }

    List<Invite> of(Handle handle, Id inviter, Instant now) {
        return handle
                .createQuery("SELECT " + COLUMNS + " FROM invites WHERE inviter = :inviter AND expires_at > :now")
                .bind("inviter", inviter(inviter))
                .bind("now", now.getEpochSecond())
                .map((row, context) -> invite(row))
                .stream()
                .sorted(Comparator.comparing(Invite::expiresAt).thenComparing(Invite::id))
                .toList();
    }

    int count(Handle handle, @Nullable Id inviter, Instant now) {
        return handle.createQuery("SELECT count(*) FROM invites WHERE inviter = :inviter AND expires_at > :now")
                .bind("inviter", inviter(inviter))
                .bind("now", now.getEpochSecond())
                .mapTo(Integer.class)
                .one();
    }

    /** Returns whether it was there and this user's. */
    boolean delete(Handle handle, Id inviter, Id invite, Instant now) {
        return handle.createUpdate(
                                "DELETE FROM invites WHERE invite_id = :id AND inviter = :inviter AND expires_at > :now")
                        .bind("id", invite.bytes())
                        .bind("inviter", inviter(inviter))
                        .bind("now", now.getEpochSecond())
                        .execute()
                > 0;
    }

    void deleteAllOf(Handle handle, Id inviter) {
        handle.createUpdate("DELETE FROM invites WHERE inviter = :inviter")
                .bind("inviter", inviter(inviter))
                .execute();
    }

    int expire(Handle handle, Instant now, int most) {
        return handle.createUpdate(
                        """
                        DELETE FROM invites WHERE token_hash IN
                            (SELECT token_hash FROM invites WHERE expires_at <= :now LIMIT :most)
                        """)
                .bind("now", now.getEpochSecond())
                .bind("most", most)
                .execute();
    }

    private Invite invite(ResultSet row) throws SQLException {
        Content content =
                Json.read(vault.openText(row.getBytes("sealed"), "invite", row.getBytes("token_hash")), Content.class);
        @Nullable String inviter = content.inviter();
        return new Invite(
                Id.of(row.getBytes("invite_id")),
                Kind.parse(content.kind()),
                inviter == null ? null : Id.parse(inviter),
                content.group(),
                row.getInt("uses_left"),
                Instant.ofEpochSecond(row.getLong("expires_at")));
    }

    private byte[] hash(Secret token) {
        return token.lend(bytes -> vault.blind("invite", bytes));
    }

    private byte[] inviter(@Nullable Id inviter) {
        return inviter == null ? vault.blind("invite.operator") : vault.blind("invite.inviter", inviter.bytes());
    }
}
