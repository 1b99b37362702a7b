// SPDX-License-Identifier: MIT
package org.handshaker.rooms;

import org.jspecify.annotations.Nullable;

/**
 * What one member says to another, or to all.
 *
 * @param to the client id of one member; null for all others
 * @param payload opaque to the relay
 */
public record Signal(String kind, @Nullable String to, String payload) {
    /** Says nothing: what people say must not slip into a log. */
    @Override
    public String toString() {
        return "Signal";
    }
}
