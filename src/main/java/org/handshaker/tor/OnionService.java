// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.util.Optional;

/** One way of being an onion. Starting returns at once; {@link OnionNews} tells the rest. Closing is final and idempotent. */
public sealed interface OnionService extends AutoCloseable permits ManagedOnion, ControlOnion, TorrcOnion {
    void start();

    /** The address, once it is known. */
    Optional<String> address();

    /** Whether a descriptor has been uploaded since the start. */
    boolean isPublished();

    /** Whether each stream begins with tor's line that names its circuit; without it, limits cannot be per circuit. */
    boolean namesCircuits();

    @Override
    void close();
}
