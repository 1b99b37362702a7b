// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import org.handshaker.core.Id;
import org.jdbi.v3.core.Handle;

/** What a feature does when an account is deleted. */
@FunctionalInterface
public interface AccountGone {
    /** Deletes everything this feature keeps of the user, inside the deletion's own change; the user can still be looked up. */
    void accountGone(Handle handle, Id user);
}
