// SPDX-License-Identifier: MIT
package org.handshaker.client;

import org.jspecify.annotations.Nullable;

/**
 * What one needs to seal the first words to somebody who may be away.
 *
 * @param signed always there; check its signature with the identity key
 * @param oneTime nobody else's; null when none is left
 * @param kyber nobody else's, or the last resort; null where there is neither
 */
public record PrekeyBundle(String identityKey, Prekey signed, @Nullable Prekey oneTime, @Nullable Prekey kyber) {
    /** @param keyId as its owner wrote it, a number or a text */
    public record Prekey(Object keyId, String key, @Nullable String signature) {
        static Prekey of(Answer answer) {
            return new Prekey(answer.opaque("key_id"), answer.text("key"), answer.textIfAny("signature"));
        }

        @Override
        public String toString() {
            return "Prekey";
        }
    }

    static PrekeyBundle of(Answer answer) {
        @Nullable Answer signed = answer.objectIfAny("signed_prekey");
        if (signed == null) {
            throw new RelayUnreachable("What answers there is not a Handshaker relay (no signed_prekey).", null);
        }
        return new PrekeyBundle(
                answer.text("identity_key"),
                Prekey.of(signed),
                prekey(answer.objectIfAny("one_time_prekey")),
                prekey(answer.objectIfAny("kyber_prekey")));
    }

    private static @Nullable Prekey prekey(@Nullable Answer answer) {
        return answer == null ? null : Prekey.of(answer);
    }

    @Override
    public String toString() {
        return "PrekeyBundle";
    }
}
