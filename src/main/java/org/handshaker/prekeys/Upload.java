// SPDX-License-Identifier: MIT
package org.handshaker.prekeys;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.jspecify.annotations.Nullable;

/**
 * What a client leaves of its keys, each opaque text. The names of its components are those of the contract.
 *
 * @param oneTimePrekeys put in place of those that wait, unless empty; so are the kyber ones
 * @param identitySignature by the identity key before this one, where this is another
 */
public record Upload(
        String identityKey,
        SignedPrekey signedPrekey,
        List<OneTimePrekey> oneTimePrekeys,
        @Nullable List<KyberPrekey> kyberPrekeys,
        @Nullable KyberPrekey lastResortKyberPrekey,
        @Nullable String identitySignature) {
    private static final int KEY_ID_CHARS_MAX = 64;

    /** @param keyId the client's own name for it: a whole number or a short text, and given back as it came */
    public record SignedPrekey(Object keyId, String key, String signature) {
        public SignedPrekey {
            requireKeyId(keyId);
            requireText(key);
            requireText(signature);
        }

        @Override
        public String toString() {
            return "SignedPrekey";
        }
    }

    public record OneTimePrekey(Object keyId, String key) {
        public OneTimePrekey {
            requireKeyId(keyId);
            requireText(key);
        }

        @Override
        public String toString() {
            return "OneTimePrekey";
        }
    }

    public record KyberPrekey(Object keyId, String key, @Nullable String signature) {
        public KyberPrekey {
            requireKeyId(keyId);
            requireText(key);
            requireText(signature);
        }

        @Override
        public String toString() {
            return "KyberPrekey";
        }
    }

    public Upload {
        requireText(identityKey);
        requireText(identitySignature);
        requireDistinct(oneTimePrekeys, OneTimePrekey::keyId);
        requireDistinct(kyberPrekeys, KyberPrekey::keyId);
    }

    /** What is missing, {@code Json} sees. */
    private static void requireText(@Nullable String text) {
        if (text == null) {
            return;
        }
        boolean isPlain = text.chars().allMatch(c -> c > ' ' && c < 0x7f);
        if (text.isEmpty() || text.length() > Limits.PREKEY_CHARS_MAX || !isPlain) {
            throw Reason.MALFORMED.refuse(
                    "A key is 1 to " + Limits.PREKEY_CHARS_MAX + " characters of ASCII without blanks.");
        }
    }

    private static void requireKeyId(@Nullable Object keyId) {
        boolean isNumber = keyId instanceof Integer || keyId instanceof Long;
        boolean isText = keyId instanceof String text
                && !text.isEmpty()
                && text.length() <= KEY_ID_CHARS_MAX
                && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
        if (keyId != null && !isNumber && !isText) {
            throw Reason.MALFORMED.refuse("A key_id is a whole number, or 1 to 64 characters of ASCII without blanks.");
        }
    }

    private static <K> void requireDistinct(@Nullable List<K> keys, Function<K, Object> keyId) {
        if (keys == null) {
            return;
        }
        if (keys.size() > Limits.PREKEYS_MAX || keys.contains(null)) {
            throw Reason.MALFORMED.refuse("At most " + Limits.PREKEYS_MAX + " one-time prekeys of a kind.");
        }
        Set<Object> seen = new HashSet<>();
        for (K key : keys) {
            if (!seen.add(String.valueOf(keyId.apply(key)))) {
                throw Reason.MALFORMED.refuse("Two of the prekeys have one key_id.");
            }
        }
    }

    @Override
    public String toString() {
        return "Upload";
    }
}
