// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.util.Arrays;
import java.util.Base64;

/**
 * 128 random bits that name a user, session, request or challenge and say nothing about it. Written as 22 characters of
 * base64url.
 */
public final class Id implements Comparable<Id> {
    public static final int BYTES = 16;
    private static final int CHARS = 22;

    private final byte[] bytes;
    private final int hash;

    private Id(byte[] bytes) {
        this.bytes = bytes;
        this.hash = Arrays.hashCode(bytes);
    }

    public static Id random() {
        return new Id(Secrets.randomBytes(BYTES));
    }

    public static Id of(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("an id has 16 bytes");
        }
        return new Id(bytes.clone());
    }

    /** Reads what {@link #text()} wrote; anything else is {@code NOT_FOUND}, since no such thing can exist. */
    public static Id parse(String text) {
        if (text.length() == CHARS) {
            try {
                byte[] bytes = Base64.getUrlDecoder().decode(text);
                Id id = new Id(bytes);
                // The last character has spare bits: only one spelling of an id is that id.
                if (bytes.length == BYTES && id.text().equals(text)) {
                    return id;
                }
            } catch (IllegalArgumentException notBase64) {
                throw Reason.NOT_FOUND.refuse();
            }
        }
        throw Reason.NOT_FOUND.refuse();
    }

    public byte[] bytes() {
        return bytes.clone();
    }

    public String text() {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    @Override
    public int compareTo(Id other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Id that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return "Id";
    }
}
