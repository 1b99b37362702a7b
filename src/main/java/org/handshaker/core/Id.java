// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.nio.ByteBuffer;
import java.util.Base64;

/**
 * 128 random bits that name a user, session, request or challenge and say nothing about it. Written as 22 characters of
 * base64url.
 */
public final class Id implements Comparable<Id> {
    public static final int BYTES = 16;
    private static final int CHARS = 22;

    /** Two numbers and not an array: thousands of events that wait have one each. */
    private final long high;

    private final long low;

    private Id(ByteBuffer bytes) {
        this.high = bytes.getLong();
        this.low = bytes.getLong();
    }

    public static Id random() {
        return of(Secrets.randomBytes(BYTES));
    }

    public static Id of(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("an id has 16 bytes");
        }
        return ofFirst(bytes);
    }

    /** Of the first 16 bytes of a longer hash. */
    public static Id ofFirst(byte[] hash) {
        return new Id(ByteBuffer.wrap(hash));
    }

    /** Reads what {@link #text()} wrote; anything else is {@code NOT_FOUND}, since no such thing can exist. */
    public static Id parse(String text) {
        if (text.length() == CHARS) {
            try {
                byte[] bytes = Base64.getUrlDecoder().decode(text);
                Id id = of(bytes);
                // The last character has spare bits: only one spelling of an id is that id.
                if (id.text().equals(text)) {
                    return id;
                }
            } catch (IllegalArgumentException notBase64) {
                throw Reason.NOT_FOUND.refuse();
            }
        }
        throw Reason.NOT_FOUND.refuse();
    }

    public byte[] bytes() {
        return ByteBuffer.allocate(BYTES).putLong(high).putLong(low).array();
    }

    public String text() {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes());
    }

    @Override
    public int compareTo(Id other) {
        int byHigh = Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Id that && high == that.high && low == that.low;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(high + 31 * low);
    }

    @Override
    public String toString() {
        return "Id";
    }
}
