// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Turns what the relay must remember into bytes that tell nothing without the master key. Every key is derived from it by
 * HKDF-SHA-256 (RFC 5869): one to blind names, one to seal fields, and one for each other purpose, so that no key serves two
 * ends. Sealing is AES-256-GCM with a random 96-bit nonce, and binds the place where the bytes belong: a sealed contact
 * pasted into another row does not open.
 */
public final class Vault {
    public static final int MASTER_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    /** What sealing adds: a nonce and a tag. */
    public static final int SEALING_BYTES = NONCE_BYTES + TAG_BITS / 8;


    private final SecretKeySpec pseudoRandomKey;
    /** Asked several times for each event, and half of the work is the key: each thread keeps what it has made of it. */
    private final ThreadLocal<Mac> blinding;

    private final SecretKeySpec sealKey;

    /** @param master 32 random bytes; the caller wipes them afterwards */
    public Vault(byte[] master) {
        if (master.length != MASTER_BYTES) {
            throw new IllegalArgumentException("the master key has 32 bytes");
        }
        byte[] salt = "handshaker vault 1".getBytes(StandardCharsets.UTF_8);
        this.pseudoRandomKey = hmacKey(hmac(hmacKey(salt), master));
        SecretKeySpec blindKey = hmacKey(derive("blind"));
        this.blinding = ThreadLocal.withInitial(() -> mac(blindKey));
        this.sealKey = new SecretKeySpec(derive("seal"), "AES");
    }

    /** A 256-bit key for one purpose (HKDF-Expand, one block). */
    public byte[] derive(String purpose) {
        byte[] info = purpose.getBytes(StandardCharsets.UTF_8);
        byte[] block = Arrays.copyOf(info, info.length + 1);
        block[info.length] = 1;
        return hmac(pseudoRandomKey, block);
    }

    /** Finds without showing: the same value gives the same 32 bytes, and the bytes do not give the value. */
    public byte[] blind(String purpose, byte[]... parts) {
        return blinding.get().doFinal(lengthPrefixed(purpose, parts));
    }

    public byte[] blind(Username name) {
        return blind("name", name.bare().getBytes(StandardCharsets.UTF_8));
    }

    /** @param place what the bytes are and whose, for example {@code "user.name"} and the row's id */
    public byte[] seal(byte[] plain, String place, byte[]... owner) {
        return seal(sealKey, plain, place, owner);
    }

    /** As {@link #seal(byte[], String, byte[]...)} with another AES key than the vault's. */
    public static byte[] seal(SecretKey key, byte[] plain, String place, byte[]... owner) {
        byte[] nonce = Secrets.randomBytes(NONCE_BYTES);
        try {
            Cipher cipher = cipher(Cipher.ENCRYPT_MODE, key, nonce, place, owner);
            byte[] sealed = Arrays.copyOf(nonce, NONCE_BYTES + cipher.getOutputSize(plain.length));
            cipher.doFinal(plain, 0, plain.length, sealed, NONCE_BYTES);
            return sealed;
        } catch (GeneralSecurityException broken) {
            throw new IllegalStateException("every JDK has AES-GCM", broken);
        }
    }

    public byte[] seal(String plain, String place, byte[]... owner) {
        return seal(plain.getBytes(StandardCharsets.UTF_8), place, owner);
    }

    /** Opens what {@link #seal} made for the same place; anything else is a broken database or another key: a programmer's or operator's error. */
    public byte[] open(byte[] sealed, String place, byte[]... owner) {
        return open(sealKey, sealed, place, owner);
    }

    /** As {@link #open(byte[], String, byte[]...)} with another AES key than the vault's. */
    public static byte[] open(SecretKey key, byte[] sealed, String place, byte[]... owner) {
        try {
            Cipher cipher = cipher(Cipher.DECRYPT_MODE, key, Arrays.copyOf(sealed, NONCE_BYTES), place, owner);
            return cipher.doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES);
        } catch (AEADBadTagException foreign) {
            throw new IllegalStateException("sealed bytes of " + place + " do not open with this key", foreign);
        } catch (GeneralSecurityException | IllegalArgumentException broken) {
            throw new IllegalStateException("sealed bytes of " + place + " are damaged", broken);
        }
    }

    public String openText(byte[] sealed, String place, byte[]... owner) {
        return new String(open(sealed, place, owner), StandardCharsets.UTF_8);
    }

    private static Cipher cipher(int mode, SecretKey key, byte[] nonce, String place, byte[]... owner) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(lengthPrefixed(place, owner));
        return cipher;
    }

    /** Unambiguous: ("ab","c") and ("a","bc") differ. */
    public static byte[] lengthPrefixed(String first, byte[]... parts) {
        byte[] head = first.getBytes(StandardCharsets.UTF_8);
        int size = 4 + head.length;
        for (byte[] part : parts) {
            size += 4 + part.length;
        }
        ByteBuffer joined = ByteBuffer.allocate(size);
        joined.putInt(head.length).put(head);
        for (byte[] part : parts) {
            joined.putInt(part.length).put(part);
        }
        return joined.array();
    }

    public static byte[] hmac(byte[] key, byte[] message) {
        return hmac(hmacKey(key), message);
    }

    private static byte[] hmac(SecretKeySpec key, byte[] message) {
        return mac(key).doFinal(message);
    }

    private static Mac mac(SecretKeySpec key) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return mac;
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("every JDK has HmacSHA256", missing);
        }
    }

    private static SecretKeySpec hmacKey(byte[] bytes) {
        return new SecretKeySpec(bytes, "HmacSHA256");
    }

    @Override
    public String toString() {
        return "Vault";
    }
}
