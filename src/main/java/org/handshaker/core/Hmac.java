// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * HMAC-SHA-256 (RFC 2104) under one key that is asked several times for each event. Half of the work of a short message is
 * the key, so each thread keeps what it has made of it.
 */
public final class Hmac {
    private final ThreadLocal<Mac> known;

    /** @param key copied */
    public Hmac(byte[] key) {
        SecretKeySpec spec = new SecretKeySpec(key, "HmacSHA256");
        this.known = ThreadLocal.withInitial(() -> mac(spec));
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

    /** 32 bytes. */
    public byte[] of(byte[] message) {
        return known.get().doFinal(message);
    }

    @Override
    public String toString() {
        return "Hmac";
    }
}
