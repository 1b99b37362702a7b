// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Secrets;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/**
 * A refresh token: session, expiry, 128 random bits and a tag by which the relay knows every token it ever made. The store
 * keeps the hash of the latest only. That a token carries its own expiry lets the store know no more than the day, and that
 * an older one is still recognised as the relay's own lets a second use be told from a guess.
 */
record RefreshToken(Id session, Instant expires, String text) {
    private static final int NONCE_BYTES = 16;
    private static final int TAG_BYTES = 16;
    private static final int HEAD_BYTES = Id.BYTES + Long.BYTES + NONCE_BYTES;

    /** Makes and reads tokens under one key. */
    static final class Mint {
        private final byte[] key;

        Mint(Vault vault) {
            this.key = vault.derive("refresh token");
        }

        RefreshToken first(Id session, Instant expires) {
            return make(session, expires, Secrets.randomBytes(NONCE_BYTES));
        }

        /** The token after {@code used}: the same one again for the same try, another for every try without a name. */
        RefreshToken after(RefreshToken used, @Nullable String retryId, Instant expires) {
            if (retryId == null) {
                return first(used.session, expires);
            }
            byte[] message = Vault.lengthPrefixed("next", bytes(used.text), bytes(retryId));
            return make(used.session, expires, Arrays.copyOf(Vault.hmac(key, message), NONCE_BYTES));
        }

        /** Empty for whatever this relay did not make. */
        Optional<RefreshToken> read(String text) {
            byte[] token;
            try {
                token = Base64.getUrlDecoder().decode(text);
            } catch (IllegalArgumentException notBase64) {
                return Optional.empty();
            }
            if (token.length != HEAD_BYTES + TAG_BYTES) {
                return Optional.empty();
            }
            byte[] head = Arrays.copyOf(token, HEAD_BYTES);
            if (!Secrets.same(tag(head), Arrays.copyOfRange(token, HEAD_BYTES, token.length))) {
                return Optional.empty();
            }
            ByteBuffer parts = ByteBuffer.wrap(head);
            byte[] session = new byte[Id.BYTES];
            parts.get(session);
            Instant expires = Instant.ofEpochSecond(parts.getLong());
            byte[] nonce = new byte[NONCE_BYTES];
            parts.get(nonce);
            return Optional.of(make(Id.of(session), expires, nonce));
        }

        private RefreshToken make(Id session, Instant expires, byte[] nonce) {
            byte[] head = ByteBuffer.allocate(HEAD_BYTES)
                    .put(session.bytes())
                    .putLong(expires.getEpochSecond())
                    .put(nonce)
                    .array();
            byte[] token = ByteBuffer.allocate(HEAD_BYTES + TAG_BYTES)
                    .put(head)
                    .put(tag(head))
                    .array();
            return new RefreshToken(session, expires, Secrets.base64Url(token));
        }

        private byte[] tag(byte[] head) {
            return Arrays.copyOf(Vault.hmac(key, Vault.lengthPrefixed("tag", head)), TAG_BYTES);
        }

        private static byte[] bytes(String text) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
    }

    byte[] hash() {
        return Secrets.sha256(text);
    }

    @Override
    public String toString() {
        return "RefreshToken";
    }
}
