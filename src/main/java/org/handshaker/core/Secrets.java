// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;

/** All randomness of the relay, the hashes of what is stored only as a hash, and comparison in constant time. */
public final class Secrets {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Base64.Encoder URL = Base64.getUrlEncoder().withoutPadding();

    private Secrets() {}

    public static byte[] randomBytes(int count) {
        byte[] bytes = new byte[count];
        RANDOM.nextBytes(bytes);
        return bytes;
    }

    /** A random number in {@code [0, bound)}. */
    public static int randomInt(int bound) {
        return RANDOM.nextInt(bound);
    }

    /** A fresh bearer secret: 256 bits, 43 characters of base64url. */
    public static String newToken() {
        return URL.encodeToString(randomBytes(32));
    }

    public static String base64Url(byte[] bytes) {
        return URL.encodeToString(bytes);
    }

    /** SHA-256; enough for stored tokens, which hold at least 64 random bits and so cannot be guessed from their hash. */
    public static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("every JDK has SHA-256", missing);
        }
    }

    public static byte[] sha256(String text) {
        return sha256(text.getBytes(StandardCharsets.UTF_8));
    }

    public static boolean same(byte[] a, byte[] b) {
        return MessageDigest.isEqual(a, b);
    }
}
