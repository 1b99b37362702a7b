// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import org.handshaker.core.Id;

/** What a feature does when a session ends: by logout, expiry, a new password, or because its token was used twice. */
@FunctionalInterface
public interface SessionEnded {
    /** Called on the commit thread right after the commit, before the caller is told: it must be short. */
    void sessionEnded(Id user, Id session);
}
