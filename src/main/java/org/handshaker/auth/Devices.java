// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.util.Arrays;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Secret;
import org.handshaker.core.Secrets;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/**
 * Device tokens: they prove that a device has signed in to this account before, and nothing else. They carry no rights and
 * are kept nowhere; they buy a place ahead of strangers where there is not room for everyone.
 */
final class Devices {
    private static final int NONCE_BYTES = 16;
    private static final int TAG_BYTES = 16;

    private final byte[] key;

    Devices(Vault vault) {
        this.key = vault.derive("device token");
    }

    /** The same for every call through one session. */
    Secret token(Id user, Id session) {
        byte[] nonce = part(Vault.lengthPrefixed("nonce", session.bytes()), NONCE_BYTES);
        byte[] token = Arrays.copyOf(nonce, NONCE_BYTES + TAG_BYTES);
        System.arraycopy(tag(user, nonce), 0, token, NONCE_BYTES, TAG_BYTES);
        return Secret.base64Url(token);
    }

    /** Garbage, and another account's token, are those of a stranger. */
    boolean isKnown(Id user, @Nullable Secret token) {
        if (token == null || token.length() > 4 * (NONCE_BYTES + TAG_BYTES)) {
            return false;
        }
        Optional<byte[]> decoded = token.decoded();
        boolean isKnown = decoded.filter(bytes -> bytes.length == NONCE_BYTES + TAG_BYTES)
                .filter(bytes -> Secrets.same(
                        tag(user, Arrays.copyOf(bytes, NONCE_BYTES)),
                        Arrays.copyOfRange(bytes, NONCE_BYTES, bytes.length)))
                .isPresent();
        decoded.ifPresent(bytes -> Arrays.fill(bytes, (byte) 0));
        return isKnown;
    }

    private byte[] tag(Id user, byte[] nonce) {
        return part(Vault.lengthPrefixed("tag", user.bytes(), nonce), TAG_BYTES);
    }

    private byte[] part(byte[] message, int bytes) {
        return Arrays.copyOf(Vault.hmac(key, message), bytes);
    }
}
