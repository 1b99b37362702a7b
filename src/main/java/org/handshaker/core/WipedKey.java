// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import javax.crypto.SecretKey;

/**
 * A key that can be forgotten: {@link #destroy} wipes it, and whoever asks for it afterwards gets an exception rather than
 * zeroes to seal with. (The JDK's own {@code SecretKeySpec} cannot be wiped.)
 */
public final class WipedKey implements SecretKey {
    private static final long serialVersionUID = 1L;

    private final transient byte[] bytes;
    private final String algorithm;
    private volatile boolean isDestroyed;

    /** Whoever used it came too late. */
    public static final class Gone extends IllegalStateException {
        private static final long serialVersionUID = 1L;

        Gone() {
            super("this key was wiped");
        }
    }

    /** @param bytes the key's own from now on */
    public WipedKey(byte[] bytes, String algorithm) {
        this.bytes = bytes;
        this.algorithm = algorithm;
    }

    @Override
    public String getAlgorithm() {
        return algorithm;
    }

    @Override
    public String getFormat() {
        return "RAW";
    }

    /** A copy, which ciphers and MACs wipe after their use. */
    @Override
    public synchronized byte[] getEncoded() {
        if (isDestroyed) {
            throw new Gone();
        }
        return bytes.clone();
    }

    @Override
    public synchronized void destroy() {
        isDestroyed = true;
        Arrays.fill(bytes, (byte) 0);
    }

    @Override
    public boolean isDestroyed() {
        return isDestroyed;
    }

    @SuppressWarnings("unused") // called by serialization, if anybody tried
    private void writeObject(ObjectOutputStream out) throws NotSerializableException {
        throw new NotSerializableException("a key");
    }

    @Override
    public String toString() {
        return "WipedKey";
    }
}
