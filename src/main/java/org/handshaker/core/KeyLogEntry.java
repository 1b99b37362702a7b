// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * One change of one of a user's keys, and its place in the chain of all of them. {@code hash} covers the user's name, every
 * field and the hash before, so none of them can be another, missing, more or elsewhere without all hashes after it being
 * others too.
 *
 * @param position 1, 2, 3 …
 * @param key {@code pgp} or {@code identity}
 * @param change {@code set} or {@code removed}
 * @param fingerprint of the key that came or went, upper-case hex
 * @param day of the change, as {@code 2026-01-28}
 * @param previous the hash before this one; 64 zeros in the first
 * @param hash SHA-256, lower-case hex
 */
public record KeyLogEntry(
        long position, String key, String change, String fingerprint, String day, String previous, String hash) {
    /** What comes before the first. */
    public static final String ORIGIN = "0".repeat(64);

    /** The entry behind {@code previous}, with its hash. */
    public static KeyLogEntry of(
            Username user, long position, String key, String change, String fingerprint, String day, String previous) {
        return new KeyLogEntry(
                position,
                key,
                change,
                fingerprint,
                day,
                previous,
                hash(user, position, key, change, fingerprint, day, previous));
    }

    /** Whether the hash is that of the fields. */
    boolean isWhole(Username user) {
        return hash.equals(hash(user, position, key, change, fingerprint, day, previous));
    }

    /** SHA-256 over these texts, each with its length in four bytes before it. */
    private static String hash(
            Username user, long position, String key, String change, String fingerprint, String day, String previous) {
        byte[] message = Vault.lengthPrefixed(
                "handshaker key log 1",
                bytes(user.at()),
                bytes(Long.toString(position)),
                bytes(key),
                bytes(change),
                bytes(fingerprint),
                bytes(day),
                bytes(previous));
        return HexFormat.of().formatHex(Secrets.sha256(message));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return "KeyLogEntry";
    }
}
