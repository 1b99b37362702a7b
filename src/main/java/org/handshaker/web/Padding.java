// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.Arrays;

/**
 * Makes lengths say less: JSON grows by trailing spaces, which every JSON parser skips, to the next of five sizes, and past
 * the largest to its next multiple. Nothing is ever compressed.
 */
public final class Padding {
    private static final int[] BUCKETS = {512, 2_048, 8_192, 32_768, 98_304};
    private static final int LARGEST = 98_304;
    /** What carries mail has at least this size: 1 KiB of it and the fields beside it fit, and next to none looks the same. */
    public static final int MAIL_BYTES_MIN = 2_048;

    private Padding() {}

    /** The size in bytes that {@code length} bytes are sent as. */
    public static int bucket(int length) {
        for (int bucket : BUCKETS) {
            if (length <= bucket) {
                return bucket;
            }
        }
        return (length + LARGEST - 1) / LARGEST * LARGEST;
    }

    /** Returns the body itself where it has such a size already: what is the same for all is then in memory once. */
    static byte[] pad(byte[] body, int bytesMin) {
        int size = bucket(Math.max(body.length, bytesMin));
        if (body.length == size) {
            return body;
        }
        byte[] padded = Arrays.copyOf(body, size);
        Arrays.fill(padded, body.length, size, (byte) ' ');
        return padded;
    }

    /** Pads a frame of text, whose length on the wire is that of its UTF-8. */
    public static byte[] pad(byte[] frame) {
        return pad(frame, 0);
    }
}
