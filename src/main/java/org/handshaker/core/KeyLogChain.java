// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Checks a user's key log, as the relay and its clients do alike. */
public final class KeyLogChain {
    private KeyLogChain() {}

    /**
     * The first thing that is wrong with a chain, as a sentence; empty when it is whole.
     *
     * @param head the last hash, as somebody else has kept it; {@link KeyLogEntry#ORIGIN} of an empty log
     * @param seen a head that was seen before and must be in it; null when none was
     */
    public static Optional<String> fault(Username user, List<KeyLogEntry> entries, String head, @Nullable String seen) {
        String previous = KeyLogEntry.ORIGIN;
        boolean hasSeen = seen == null || seen.equals(previous);
        for (int i = 0; i < entries.size(); i++) {
            KeyLogEntry entry = entries.get(i);
            if (entry.position() != i + 1) {
                return Optional.of("Entry " + (i + 1) + " is missing.");
            }
            if (!entry.previous().equals(previous)) {
                return Optional.of("Entry " + (i + 1) + " does not follow the one before it.");
            }
            if (!entry.isWhole(user)) {
                return Optional.of("Entry " + (i + 1) + " was changed.");
            }
            previous = entry.hash();
            hasSeen |= previous.equals(seen);
        }
        if (!previous.equals(head)) {
            return Optional.of("The log does not end where its head says.");
        }
        return hasSeen ? Optional.empty() : Optional.of("The log is not a continuation of the one seen before.");
    }
}
