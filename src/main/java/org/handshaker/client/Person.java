// SPDX-License-Identifier: MIT
package org.handshaker.client;

import org.jspecify.annotations.Nullable;

/** Someone in the directory or among one's connections, as far as the relay tells; {@code online} is null to strangers. */
public record Person(
        String username, @Nullable String fingerprint, @Nullable String pgpPublicKey, @Nullable Boolean online) {
    static Person of(Answer answer) {
        return new Person(
                answer.text("username"),
                answer.textIfAny("fingerprint"),
                answer.textIfAny("pgp_public_key"),
                answer.members().get("online") instanceof Boolean online ? online : null);
    }

    @Override
    public String toString() {
        return "Person";
    }
}
