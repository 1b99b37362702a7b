// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import org.handshaker.core.Id;

/** Whether a sender may learn that a recipient is there. If not, every receipt says {@code stored}, whatever happened. */
@FunctionalInterface
public interface Visibility {
    boolean maySee(Id viewer, Id user);
}
