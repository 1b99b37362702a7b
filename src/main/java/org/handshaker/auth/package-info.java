// SPDX-License-Identifier: MIT
/**
 * Who someone is, and for how long. An account is a name, a password (kept as an Argon2id PHC string, sealed), perhaps an
 * OpenPGP certificate, and ten recovery codes. Signing in opens a session: a short-lived access token, and a refresh token
 * that changes with every use. A session ends by logout, by expiry, by a new password, or when a refresh token shows up a
 * second time.
 *
 * <p>Whoever forgot the password proves to be the owner by reading a message encrypted to the key on file, or by a recovery
 * code. A new key that neither the old key nor the password vouches for waits 72 hours and is announced before it counts.
 *
 * <p>What may never happen: that an answer, its size or its time tells whether a name exists; that a token, code or OTP is
 * stored other than as a hash; that a secret key is kept; that a revoked session goes on.
 */
@NullMarked
package org.handshaker.auth;

import org.jspecify.annotations.NullMarked;
