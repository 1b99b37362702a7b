// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import java.util.Arrays;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Vault;
import org.jdbi.v3.core.statement.Query;

/**
 * The row that the store reads for a name that nobody has: as many columns as a user's, and as many sealed fields to open, of about
 * their lengths. Without it, that a user was found could be heard in the time.
 */
final class Nobody {
    /** Behind a query for one user's columns: it has one row then, whoever it is. */
    static final String OTHERWISE =
            " UNION ALL SELECT :nobody, :nobodys_name, 0, 0, 0, :nobodys_fingerprint, 0 LIMIT 1";

    /** Of an Ed25519 key with one name and one subkey, armored. */
    private static final int CERTIFICATE_CHARS = 600;

    private final Vault vault;
    private final Id id = Id.random();
    private final byte[] name;
    private final byte[] fingerprint;
    private final byte[] certificate;

    Nobody(Vault vault) {
        this.vault = vault;
        this.name = vault.seal("somebody", "user.name", id.bytes());
        this.fingerprint = vault.seal("0".repeat(40), "user.fingerprint", id.bytes());
        this.certificate = vault.seal("0".repeat(CERTIFICATE_CHARS), "user.certificate", id.bytes());
    }

    Query bind(Query query) {
        return query.bind("nobody", id.bytes()).bind("nobodys_name", name).bind("nobodys_fingerprint", fingerprint);
    }

    Optional<User> filter(User read) {
        return read.id().equals(id) ? Optional.empty() : Optional.of(read);
    }

    /** For a user without a key. */
    void openFingerprint() {
        var unused = vault.openText(fingerprint, "user.fingerprint", id.bytes());
    }

    byte[] certificate() {
        return certificate.clone();
    }

    boolean isCertificate(byte[] sealed) {
        return Arrays.equals(certificate, sealed);
    }

    /** There is none; but it takes as long. */
    Optional<String> openCertificate() {
        var unused = vault.openText(certificate, "user.certificate", id.bytes());
        return Optional.empty();
    }
}
