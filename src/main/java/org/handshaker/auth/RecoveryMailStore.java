// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Vault;
import org.jdbi.v3.core.Handle;

/** The SQL of {@code recovery_mail}. */
final class RecoveryMailStore {
    private final Vault vault;

    RecoveryMailStore(Vault vault) {
        this.vault = vault;
    }

    /** The PHC string of the address. */
    Optional<String> find(Handle handle, Id user) {
        return handle.createQuery("SELECT phc_sealed FROM recovery_mail WHERE user_id = :user")
                .bind("user", user.bytes())
                .mapTo(byte[].class)
                .findOne()
                .map(phc -> vault.openText(phc, "recovery mail", user.bytes()));
    }

    void set(Handle handle, Id user, String phc) {
        handle.createUpdate(
                        """
                        INSERT INTO recovery_mail (user_id, phc_sealed) VALUES (:user, :phc)
                        ON CONFLICT (user_id) DO UPDATE SET phc_sealed = excluded.phc_sealed
                        """)
                .bind("user", user.bytes())
                .bind("phc", vault.seal(phc, "recovery mail", user.bytes()))
                .execute();
    }

    /** Returns whether there was one. */
    boolean delete(Handle handle, Id user) {
        return handle.createUpdate("DELETE FROM recovery_mail WHERE user_id = :user")
                        .bind("user", user.bytes())
                        .execute()
                == 1;
    }
}
