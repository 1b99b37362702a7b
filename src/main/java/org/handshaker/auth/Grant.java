// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import org.handshaker.core.Caller;

/** What signing in gives: a session and the tokens that speak for it. They exist here and with the client, nowhere else. */
record Grant(Caller caller, String accessToken, String refreshToken, String deviceToken) {
    @Override
    public String toString() {
        return "Grant";
    }
}
