// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import org.handshaker.core.Id;
import org.jdbi.v3.core.Handle;

/** What a feature does when a user's certificate changes or is about to. */
@FunctionalInterface
public interface KeyChanged {
    /** Is called inside the change that makes it so. */
    void keyChanged(Handle handle, Id user, KeyChange change);
}
