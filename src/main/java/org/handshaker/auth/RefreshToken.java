// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Secret;
import org.handshaker.core.Secrets;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/**
 * A refresh token: session, expiry, 128 random bits and a tag by which the relay knows every token it ever made. The store
 * keeps the hash of the latest only. That a token carries its own expiry lets the store know no more than the day, and that
 * an older one is still recognised as the relay's own lets a second use be told from a guess.
 */
record RefreshToken(Id session, Instant expires, Secret text) implements AutoCloseable {
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
            byte[] message = used.text.lend(text -> Vault.lengthPrefixed("next", text, bytes(retryId)));
            byte[] nonce = Arrays.copyOf(Vault.hmac(key, message), NONCE_BYTES);
            Arrays.fill(message, (byte) 0);
            return make(used.session, expires, nonce);
        }

        /** Empty for whatever this relay did not make. */
        Optional<RefreshToken> read(Secret text) {
            Optional<byte[]> decoded = text.decoded();
            Optional<RefreshToken> read = decoded.flatMap(this::read);
            decoded.ifPresent(token -> Arrays.fill(token, (byte) 0));
            return read;
        }

        private Optional<RefreshToken> read(byte[] token) {
            if (token.length != HEAD_BYTES + TAG_BYTES) {
                return Optional.empty();
            }
            byte[] head = Arrays.copyOf(token, HEAD_BYTES);
            boolean isOurs = Secrets.same(tag(head), Arrays.copyOfRange(token, HEAD_BYTES, token.length));
            Arrays.fill(head, (byte) 0);
            if (!isOurs) {
                return Optional.empty();
            }
            ByteBuffer parts = ByteBuffer.wrap(token);
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
            Arrays.fill(head, (byte) 0);
            Arrays.fill(nonce, (byte) 0);
            return new RefreshToken(session, expires, Secret.base64Url(token));
        }

        private byte[] tag(byte[] head) {
            return Arrays.copyOf(Vault.hmac(key, Vault.lengthPrefixed("tag", head)), TAG_BYTES);
        }

        private static byte[] bytes(String text) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
    }

    byte[] hash() {
        return text.sha256();
    }

    @Override
    public void close() {
        text.close();
    }

    @Override
    public String toString() {
        return "RefreshToken";
    }
}
