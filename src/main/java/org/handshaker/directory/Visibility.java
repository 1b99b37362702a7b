// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import java.util.Optional;
import org.handshaker.core.Id;

/** Who may see that someone is online; known by the features above the directory. */
@FunctionalInterface
public interface Visibility {
    /** Empty where the viewer may not know: nobody but an accepted connection may. */
    Optional<Boolean> online(Id viewer, Id user);
}
