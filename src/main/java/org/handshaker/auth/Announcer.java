// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import org.handshaker.core.Id;
import org.jdbi.v3.core.Handle;

/** What auth needs of the queue. */
@FunctionalInterface
public interface Announcer {
    /** Puts a system event into the target's queue, inside the caller's change. */
    void announce(Handle handle, Id target, String kind, String payloadJson);
}
