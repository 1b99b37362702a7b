// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import org.handshaker.core.Id;
import org.jdbi.v3.core.Handle;

/** What a feature does when one of a user's keys changes or is about to. */
@FunctionalInterface
public interface KeyChanged {
    /** Is called inside the change that makes it so. */
    void keyChanged(Handle handle, Id user, KeyChange change);

    /** Is asked before a change is taken from the user, and refuses what there is no room for. */
    default void requireRoom(Handle handle, Id user) {}
}
