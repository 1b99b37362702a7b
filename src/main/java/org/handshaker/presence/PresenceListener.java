// SPDX-License-Identifier: MIT
package org.handshaker.presence;

import org.handshaker.core.Id;
import org.handshaker.core.Username;

/** Told when what a viewer may see of somebody has changed. */
@FunctionalInterface
public interface PresenceListener {
    void changed(Id viewer, Username who, Status status);
}
