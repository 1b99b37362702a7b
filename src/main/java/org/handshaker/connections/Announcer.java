// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import org.handshaker.core.Id;
import org.jdbi.v3.core.Handle;

/** What connections need of the queue. */
public interface Announcer {
    /** Puts a system event into the target's queue, inside the caller's change. */
    void announce(Handle handle, Id target, String kind, String payloadJson);

    /** Drops what either of the two has sent the other and is still pending. */
    void dropBetween(Handle handle, Id one, Id other);
}
