// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Vault;

/**
 * What the store opens for a name that nobody has: as many sealed fields as a user has, of about their lengths. Without it, that
 * a user was found could be heard in the time that opening takes.
 */
final class Nobody {
    private static final byte[] ID = Id.random().bytes();
    /** Of an Ed25519 key with one name and one subkey, armored. */
    private static final int CERTIFICATE_CHARS = 700;

    private final Vault vault;
    private final byte[] name;
    private final byte[] fingerprint;
    private final byte[] certificate;

    Nobody(Vault vault) {
        this.vault = vault;
        this.name = vault.seal("somebody", "user.name", ID);
        this.fingerprint = vault.seal("0".repeat(40), "user.fingerprint", ID);
        this.certificate = vault.seal("0".repeat(CERTIFICATE_CHARS), "user.certificate", ID);
    }

    Optional<User> orAsMuchWork(Optional<User> found) {
        if (found.isEmpty()) {
            var unused = vault.openText(name, "user.name", ID);
            openFingerprint();
        }
        return found;
    }

    /** For a user without a key. */
    void openFingerprint() {
        var unused = vault.openText(fingerprint, "user.fingerprint", ID);
    }

    Optional<String> certificateOrAsMuchWork(Optional<String> found) {
        if (found.isEmpty()) {
            var unused = vault.openText(certificate, "user.certificate", ID);
        }
        return found;
    }
}
