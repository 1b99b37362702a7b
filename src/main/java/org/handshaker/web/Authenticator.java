// SPDX-License-Identifier: MIT
package org.handshaker.web;

import org.handshaker.core.Caller;

/** Tells who a bearer token speaks for. */
@FunctionalInterface
public interface Authenticator {
    /** Refuses with {@code not_signed_in} whatever is missing, malformed, expired or revoked. */
    Caller authenticate(String bearerToken);
}
