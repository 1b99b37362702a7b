// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.Optional;
import org.handshaker.core.Id;

/**
 * What a route without sign-in asks of a call whose body has been read, before anything dear is done for it. Both questions
 * must be cheap: whoever floods the route gets as far as this.
 */
public interface Door {
    /** For a route where one stranger is like another. */
    Door PLAIN = new Door() {};

    /**
     * Whether some calls can prove that a known device makes them. Then the strangers' bucket has to wait for the body; on
     * every other route it is asked first, so that nobody holds memory with bodies that are refused in the end.
     */
    default boolean knowsDevices() {
        return false;
    }

    /** The user whose device calls, where the body proves that; such a device goes ahead of strangers. */
    default Optional<Id> device(Call call) {
        return Optional.empty();
    }

    /** Refuses whoever has not done what is asked now, such as solving a puzzle; {@link Call#standing()} is known by then. */
    default void demand(Call call) {}
}
