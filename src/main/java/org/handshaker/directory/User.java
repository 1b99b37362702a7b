// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import java.time.LocalDate;
import org.handshaker.core.Id;
import org.handshaker.core.Username;
import org.jspecify.annotations.Nullable;

/**
 * One identity, without its certificate, which is long and asked for by {@link Directory#certificate}.
 *
 * @param fingerprint of the certificate, capital hexadecimal; null where there is no certificate
 * @param keyChangedOn the day on which the certificate came; null where there is none
 * @param presenceVisible whether connections may see that this user is online
 */
public record User(
        Id id,
        Username name,
        LocalDate createdOn,
        Listing listing,
        boolean presenceVisible,
        @Nullable String fingerprint,
        @Nullable LocalDate keyChangedOn) {

    public boolean discoverable() {
        return listing == Listing.PREFIX;
    }

    /** Says nothing: people must not slip into a log. */
    @Override
    public String toString() {
        return "User";
    }
}
