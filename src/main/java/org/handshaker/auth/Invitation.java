// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import org.handshaker.core.Secret;
import org.jdbi.v3.core.Handle;

/** What lets somebody in where registration is by invite only; those who know invites implement it. */
public interface Invitation {
    /** Nobody is invited. */
    Invitation NONE = new Invitation() {
        @Override
        public boolean admits(Secret invite) {
            return false;
        }

        @Override
        public boolean use(Handle handle, Secret invite) {
            return false;
        }
    };

    /** Whether somebody could register with it now; asked before a password is hashed. */
    boolean admits(Secret invite);

    /** Uses it once, inside the change that makes the account; false where it does not let anybody in. */
    boolean use(Handle handle, Secret invite);
}
