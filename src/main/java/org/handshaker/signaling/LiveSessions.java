// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import org.handshaker.core.Caller;

/** Whether a session still stands; asked again after a socket is listed, so that no revocation slips between. */
@FunctionalInterface
public interface LiveSessions {
    boolean isLive(Caller caller);
}
