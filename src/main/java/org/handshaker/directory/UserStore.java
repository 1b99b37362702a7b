// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import java.nio.ByteBuffer;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.handshaker.core.Id;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** The SQL of the table {@code users}, and the only place that seals and opens its columns. */
final class UserStore {
    private static final String COLUMNS =
            "id, name_sealed, created_day, discoverable, presence_visible, fingerprint_sealed, key_changed_day";

    private final Vault vault;
    private final Nobody nobody;

    UserStore(Vault vault) {
        this.vault = vault;
        this.nobody = new Nobody(vault);
    }

    Optional<User> find(Handle handle, Username name) {
        return find(handle, vault.blind(name));
    }

    private Optional<User> find(Handle handle, byte[] blind) {
        return nobody.filter(nobody.bind(handle.createQuery(
                        "SELECT " + COLUMNS + " FROM users WHERE name_blind = :blind" + Nobody.OTHERWISE))
                .bind("blind", blind)
                .map((row, context) -> user(row))
                .one());
    }

    /** Finds nobody, and takes as long as {@link #find} does where nobody has the name. */
    void miss(Handle handle, Username name) {
        var unused = find(handle, vault.blind("nobody", vault.blind(name)));
    }

    Optional<User> byId(Handle handle, Id id) {
        return nobody.filter(
                nobody.bind(handle.createQuery("SELECT " + COLUMNS + " FROM users WHERE id = :id" + Nobody.OTHERWISE))
                        .bind("id", id.bytes())
                        .map((row, context) -> user(row))
                        .one());
    }

    Optional<Profile> profile(Handle handle, Username name) {
        return handle.createQuery("SELECT " + COLUMNS + ", certificate_sealed FROM users WHERE name_blind = :blind")
                .bind("blind", vault.blind(name))
                .map((row, context) -> profile(row))
                .findOne();
    }

    Optional<Profile> profile(Handle handle, Id id) {
        return handle.createQuery("SELECT " + COLUMNS + ", certificate_sealed FROM users WHERE id = :id")
                .bind("id", id.bytes())
                .map((row, context) -> profile(row))
                .findOne();
    }

    Optional<String> certificate(Handle handle, Id id) {
        byte[] sealed = handle.createQuery(
                        "SELECT coalesce((SELECT certificate_sealed FROM users WHERE id = :id), :nobodys)")
                .bind("id", id.bytes())
                .bind("nobodys", nobody.certificate())
                .mapTo(byte[].class)
                .one();
        return nobody.isCertificate(sealed)
                ? nobody.openCertificate()
                : Optional.of(vault.openText(sealed, "user.certificate", id.bytes()));
    }

    void eachDiscoverableName(Handle handle, Consumer<Username> each) {
        handle.createQuery("SELECT id, name_sealed FROM users WHERE discoverable = 1")
                .map((row, context) -> name(row))
                .forEach(each);
    }

    int count(Handle handle) {
        return handle.createQuery("SELECT count(*) FROM users")
                .mapTo(Integer.class)
                .one();
    }

    List<Id> idsAfter(Handle handle, @Nullable Id last, int most) {
        return handle.createQuery("SELECT id FROM users WHERE id > :last ORDER BY id LIMIT :most")
                .bind("last", last == null ? new byte[0] : last.bytes())
                .bind("most", most)
                .map((row, context) -> Id.of(row.getBytes("id")))
                .list();
    }

    /** Returns whether the name was free. */
    boolean insert(Handle handle, User user) {
        byte[] id = user.id().bytes();
        return handle.createUpdate(
                                """
                        INSERT INTO users (row, id, name_blind, name_sealed, created_day, discoverable, presence_visible)
                        VALUES (:row, :id, :blind, :name, :day, :discoverable, :visible)
                        ON CONFLICT (name_blind) DO NOTHING
                        """)
                        .bind("row", ByteBuffer.wrap(id).getLong())
                        .bind("id", id)
                        .bind("blind", vault.blind(user.name()))
                        .bind("name", vault.seal(user.name().bare(), "user.name", id))
                        .bind("day", user.createdOn().toEpochDay())
                        .bind("discoverable", user.discoverable() ? 1 : 0)
                        .bind("visible", user.presenceVisible() ? 1 : 0)
                        .execute()
                == 1;
    }

    boolean setKey(Handle handle, Id user, String armored, String fingerprint, LocalDate day) {
        byte[] id = user.bytes();
        return handle.createUpdate(
                                """
                        UPDATE users SET certificate_sealed = :certificate, fingerprint_sealed = :fingerprint, key_changed_day = :day
                        WHERE id = :id
                        """)
                        .bind("certificate", vault.seal(armored, "user.certificate", id))
                        .bind("fingerprint", vault.seal(fingerprint, "user.fingerprint", id))
                        .bind("day", day.toEpochDay())
                        .bind("id", id)
                        .execute()
                == 1;
    }

    void dropKey(Handle handle, Id user) {
        handle.createUpdate(
                        """
                        UPDATE users SET certificate_sealed = NULL, fingerprint_sealed = NULL, key_changed_day = NULL
                        WHERE id = :id
                        """)
                .bind("id", user.bytes())
                .execute();
    }

    void setListing(Handle handle, Id user, Listing listing) {
        handle.createUpdate("UPDATE users SET discoverable = :discoverable WHERE id = :id")
                .bind("discoverable", listing == Listing.PREFIX ? 1 : 0)
                .bind("id", user.bytes())
                .execute();
    }

    void setPresenceVisible(Handle handle, Id user, boolean visible) {
        handle.createUpdate("UPDATE users SET presence_visible = :visible WHERE id = :id")
                .bind("visible", visible ? 1 : 0)
                .bind("id", user.bytes())
                .execute();
    }

    void delete(Handle handle, Id user) {
        handle.createUpdate("DELETE FROM users WHERE id = :id")
                .bind("id", user.bytes())
                .execute();
    }

    private Profile profile(ResultSet row) throws SQLException {
        byte @Nullable [] certificate = row.getBytes("certificate_sealed");
        return new Profile(
                user(row),
                certificate == null ? null : vault.openText(certificate, "user.certificate", row.getBytes("id")));
    }

    private User user(ResultSet row) throws SQLException {
        Id id = Id.of(row.getBytes("id"));
        byte @Nullable [] fingerprint = row.getBytes("fingerprint_sealed");
        if (fingerprint == null) {
            nobody.openFingerprint();
        }
        return new User(
                id,
                name(row),
                LocalDate.ofEpochDay(row.getLong("created_day")),
                row.getInt("discoverable") == 1 ? Listing.PREFIX : Listing.EXACT_NAME,
                row.getInt("presence_visible") == 1,
                fingerprint == null ? null : vault.openText(fingerprint, "user.fingerprint", id.bytes()),
                fingerprint == null ? null : LocalDate.ofEpochDay(row.getLong("key_changed_day")));
    }

    private Username name(ResultSet row) throws SQLException {
        return new Username(vault.openText(row.getBytes("name_sealed"), "user.name", row.getBytes("id")));
    }
}
