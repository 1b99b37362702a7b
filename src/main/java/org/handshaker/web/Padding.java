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

    static byte[] pad(byte[] body) {
        return atLeast(body, bucket(body.length));
    }

    static byte[] atLeast(byte[] body, int bytes) {
        if (body.length >= bytes) {
            return body;
        }
        byte[] padded = Arrays.copyOf(body, bytes);
        Arrays.fill(padded, body.length, bytes, (byte) ' ');
        return padded;
    }
}
