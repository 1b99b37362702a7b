// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.security.GeneralSecurityException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import org.jspecify.annotations.Nullable;

/**
 * A key for AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces, which can be forgotten. It keeps a few ciphers that know
 * it already, because making one costs three times as much as sealing; forgetting writes over what they know.
 */
public final class SealKey {
    /** What sealing adds: a nonce and a tag. */
    public static final int SEALING_BYTES = 12 + 16;
    /** Of them, those in front. */
    public static final int NONCE_BYTES = 12;

    private static final int TAG_BITS = 128;
    private static final int CIPHERS_KEPT_MAX = 4;
    private static final WipedKey NOBODYS = new WipedKey(Secrets.randomBytes(Vault.MASTER_BYTES), "AES");

    private final WipedKey key;
    private final BlockingQueue<Cipher> kept = new ArrayBlockingQueue<>(CIPHERS_KEPT_MAX);

    /** Bytes that do not open here: another key's, another place's, or damaged. */
    public static final class Foreign extends Exception {
        private static final long serialVersionUID = 1L;

        Foreign(@Nullable Throwable cause) {
            super(cause);
        }
    }

    /** @param bytes 32, the key's own from now on */
    public SealKey(byte[] bytes) {
        if (bytes.length != Vault.MASTER_BYTES) {
            throw new IllegalArgumentException("a key has 32 bytes");
        }
        this.key = new WipedKey(bytes, "AES");
    }

    /**
     * A random nonce, the sealed bytes, a tag.
     *
     * @param bound what the bytes belong to: with anything else they do not open
     * @throws WipedKey.Gone once the key is forgotten
     */
    public byte[] seal(byte[] plain, byte[] bound) {
        byte[] room = new byte[SEALING_BYTES + plain.length];
        System.arraycopy(plain, 0, room, NONCE_BYTES, plain.length);
        sealIn(room, bound);
        return room;
    }

    /**
     * As {@link #seal}, where the bytes are: of a body nothing else is made on its way to the disk.
     *
     * @param room {@link #NONCE_BYTES} that are free, the plain bytes, and the rest of {@link #SEALING_BYTES}
     */
    public void sealIn(byte[] room, byte[] bound) {
        byte[] nonce = Secrets.randomBytes(NONCE_BYTES);
        try {
            Cipher cipher = take();
            cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(TAG_BITS, nonce));
            cipher.updateAAD(bound);
            cipher.doFinal(room, NONCE_BYTES, room.length - SEALING_BYTES, room, NONCE_BYTES);
            keep(cipher);
        } catch (GeneralSecurityException broken) {
            throw broken(broken);
        }
        System.arraycopy(nonce, 0, room, 0, NONCE_BYTES);
    }

    /** Opens what {@link #seal} made. */
    public byte[] open(byte[] sealed, byte[] bound) throws Foreign {
        if (sealed.length < SEALING_BYTES) {
            throw new Foreign(null);
        }
        try {
            Cipher cipher = take();
            cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(TAG_BITS, sealed, 0, NONCE_BYTES));
            cipher.updateAAD(bound);
            byte[] plain = cipher.doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES);
            keep(cipher);
            return plain;
        } catch (AEADBadTagException foreign) {
            throw new Foreign(foreign);
        } catch (GeneralSecurityException broken) {
            throw broken(broken);
        }
    }

    private Cipher take() throws GeneralSecurityException {
        @Nullable Cipher known = kept.poll();
        return known == null ? Cipher.getInstance("AES/GCM/NoPadding") : known;
    }

    private void keep(Cipher cipher) throws GeneralSecurityException {
        if (kept.offer(cipher) && key.isDestroyed()) {
            blankCiphers();
        }
    }

    /** From now on it neither seals nor opens. */
    public void forget() {
        key.destroy();
        try {
            blankCiphers();
        } catch (GeneralSecurityException broken) {
            throw broken(broken);
        }
    }

    private void blankCiphers() throws GeneralSecurityException {
        for (@Nullable Cipher cipher = kept.poll(); cipher != null; cipher = kept.poll()) {
            cipher.init(Cipher.ENCRYPT_MODE, NOBODYS, new GCMParameterSpec(TAG_BITS, Secrets.randomBytes(NONCE_BYTES)));
        }
    }

    private static IllegalStateException broken(GeneralSecurityException missing) {
        return new IllegalStateException("every JDK has AES-GCM", missing);
    }

    @Override
    public String toString() {
        return "SealKey";
    }
}
