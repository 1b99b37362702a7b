// SPDX-License-Identifier: MIT
package org.handshaker.prekeys;

import java.util.LinkedHashMap;
import java.util.Map;
import org.handshaker.core.Username;
import org.handshaker.prekeys.Upload.SignedPrekey;
import org.handshaker.web.Json;
import org.jspecify.annotations.Nullable;

/**
 * What one needs to seal the first words to somebody.
 *
 * @param oneTime JSON of a prekey that nobody else ever gets; null when none is left
 * @param kyber the same, or the last resort, which many may get; null where there is neither
 */
public record Bundle(
        Username owner,
        String identityKey,
        SignedPrekey signedPrekey,
        @Nullable String oneTime,
        @Nullable String kyber) {
    /** As the contract writes it: what is not there is {@code null}. */
    Map<String, @Nullable Object> json() {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("username", owner.at());
        json.put("identity_key", identityKey);
        json.put("signed_prekey", signedPrekey);
        json.put("one_time_prekey", oneTime == null ? null : Json.map(oneTime));
        json.put("kyber_prekey", kyber == null ? null : Json.map(kyber));
        return json;
    }

    @Override
    public String toString() {
        return "Bundle";
    }
}
