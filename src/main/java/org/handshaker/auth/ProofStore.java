// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Vault;
import org.jdbi.v3.core.Handle;

/** The SQL of {@code passwords} and {@code recovery_codes}: what an owner proves to be the owner with. */
final class ProofStore {
    private static final byte[] NOBODY = Id.random().bytes();
    /** Of a hash at the cost that is the default. */
    private static final int PHC_CHARS = 97;

    private final Vault vault;
    private final byte[] nobodys;

    ProofStore(Vault vault) {
        this.vault = vault;
        this.nobodys = vault.seal("0".repeat(PHC_CHARS), "password", NOBODY);
    }

    /** The PHC string. As much is opened for somebody who does not exist: opening less would be heard in the time. */
    Optional<String> password(Handle handle, Id user) {
        byte[] sealed = handle.createQuery(
                        "SELECT coalesce((SELECT phc_sealed FROM passwords WHERE user_id = :user), :nobodys)")
                .bind("user", user.bytes())
                .bind("nobodys", nobodys)
                .mapTo(byte[].class)
                .one();
        boolean isNobodys = Arrays.equals(nobodys, sealed);
        String phc = vault.openText(sealed, "password", isNobodys ? NOBODY : user.bytes());
        return isNobodys ? Optional.empty() : Optional.of(phc);
    }

    void setPassword(Handle handle, Id user, String phc) {
        handle.createUpdate(
                        """
                        INSERT INTO passwords (user_id, phc_sealed) VALUES (:user, :phc)
                        ON CONFLICT (user_id) DO UPDATE SET phc_sealed = excluded.phc_sealed
                        """)
                .bind("user", user.bytes())
                .bind("phc", vault.seal(phc, "password", user.bytes()))
                .execute();
    }

    void setCodes(Handle handle, Id user, List<RecoveryCode> codes) {
        handle.createUpdate("DELETE FROM recovery_codes WHERE user_id = :user")
                .bind("user", user.bytes())
                .execute();
        for (RecoveryCode code : codes) {
            handle.createUpdate("INSERT INTO recovery_codes (user_id, code_hash) VALUES (:user, :hash)")
                    .bind("user", user.bytes())
                    .bind("hash", hash(user, code))
                    .execute();
        }
    }

    boolean hasCode(Handle handle, Id user, RecoveryCode code) {
        return handle.createQuery("SELECT count(*) FROM recovery_codes WHERE user_id = :user AND code_hash = :hash")
                        .bind("user", user.bytes())
                        .bind("hash", hash(user, code))
                        .mapTo(Integer.class)
                        .one()
                == 1;
    }

    /** Returns whether it was there: of two at once, one wins. */
    boolean useCode(Handle handle, Id user, RecoveryCode code) {
        return handle.createUpdate("DELETE FROM recovery_codes WHERE user_id = :user AND code_hash = :hash")
                        .bind("user", user.bytes())
                        .bind("hash", hash(user, code))
                        .execute()
                == 1;
    }

    private byte[] hash(Id user, RecoveryCode code) {
        return code.bare().lend(bytes -> vault.blind("recovery code", user.bytes(), bytes));
    }
}
