// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import org.handshaker.core.Id;

/** Who is online and shows it; known by the feature above. */
@FunctionalInterface
public interface Online {
    boolean isOnline(Id user);
}
