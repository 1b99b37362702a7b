// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import org.handshaker.core.Caller;
import org.handshaker.core.Secret;

/** What signing in gives: a session and the tokens that speak for it. They exist here and with the client, nowhere else. */
record Grant(Caller caller, String accessToken, Secret refreshToken, Secret deviceToken) implements AutoCloseable {
    @Override
    public void close() {
        refreshToken.close();
        deviceToken.close();
    }

    @Override
    public String toString() {
        return "Grant";
    }
}
