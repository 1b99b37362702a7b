// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Turns what the relay must remember into bytes that tell nothing without the master key. Every key is derived from it by
 * HKDF-SHA-256 (RFC 5869): one to blind names, one to seal fields, and one for each other purpose, so that no key serves two
 * ends. Sealing is AES-256-GCM with a random 96-bit nonce, and binds the place where the bytes belong: a sealed contact
 * pasted into another row does not open.
 */
public final class Vault {
    public static final int MASTER_BYTES = 32;
    /** What sealing adds. */
    public static final int SEALING_BYTES = SealKey.SEALING_BYTES;

    private final SecretKeySpec pseudoRandomKey;
    private final Hmac blinding;
    private final SealKey sealKey;

    /** @param master 32 random bytes; the caller wipes them afterwards */
    public Vault(byte[] master) {
        if (master.length != MASTER_BYTES) {
            throw new IllegalArgumentException("the master key has 32 bytes");
        }
        byte[] salt = "handshaker vault 1".getBytes(StandardCharsets.UTF_8);
        this.pseudoRandomKey = hmacKey(hmac(hmacKey(salt), master));
        this.blinding = new Hmac(derive("blind"));
        this.sealKey = new SealKey(derive("seal"));
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
        byte[] message = lengthPrefixed(purpose, parts);
        byte[] blinded = blinding.of(message);
        // It may hold a token.
        Arrays.fill(message, (byte) 0);
        return blinded;
    }

    public byte[] blind(Username name) {
        return blind("name", name.bare().getBytes(StandardCharsets.UTF_8));
    }

    /** @param place what the bytes are and whose, for example {@code "user.name"} and the row's id */
    public byte[] seal(byte[] plain, String place, byte[]... owner) {
        return sealKey.seal(plain, lengthPrefixed(place, owner));
    }

    public byte[] seal(String plain, String place, byte[]... owner) {
        return seal(plain.getBytes(StandardCharsets.UTF_8), place, owner);
    }

    /** Opens what {@link #seal} made for the same place; anything else is a broken database or another key: a programmer's or operator's error. */
    public byte[] open(byte[] sealed, String place, byte[]... owner) {
        try {
            return sealKey.open(sealed, lengthPrefixed(place, owner));
        } catch (SealKey.Foreign foreign) {
            throw new IllegalStateException("sealed bytes of " + place + " do not open with this key", foreign);
        }
    }

    public String openText(byte[] sealed, String place, byte[]... owner) {
        return new String(open(sealed, place, owner), StandardCharsets.UTF_8);
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
