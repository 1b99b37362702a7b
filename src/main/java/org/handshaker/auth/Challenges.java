// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.time.InstantSource;
import org.handshaker.core.Refused;
import org.handshaker.core.Secret;
import org.handshaker.core.Username;
import org.jspecify.annotations.Nullable;

/** Encrypts a short text to an account's key, or to nobody in the same shape where there is none. */
final class Challenges {
    private final OpenPgp openPgp;
    private final Decoys decoys;
    private final InstantSource time;

    Challenges(OpenPgp openPgp, Decoys decoys, InstantSource time) {
        this.openPgp = openPgp;
        this.decoys = decoys;
        this.time = time;
    }

    String encrypt(Username name, @Nullable String certificate, Secret text) {
        // Made for who has a key as well: what it costs would be heard in the time.
        Decoys.Decoy decoy = decoys.of(name);
        if (certificate != null) {
            try {
                return openPgp.encrypt(certificate, text, time.instant());
            } catch (Refused expiredSince) {
                // A key that ran out on file reads no challenge any more; its owner has recovery codes.
                return decoys.encrypt(decoy, text, time.instant());
            }
        }
        return decoys.encrypt(decoy, text, time.instant());
    }
}
