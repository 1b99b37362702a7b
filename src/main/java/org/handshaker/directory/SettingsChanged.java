// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import org.handshaker.core.Id;

/** What a feature does when a user has changed how to be found or seen. */
@FunctionalInterface
public interface SettingsChanged {
    /** Is called after the commit, on the thread of the call. */
    void settingsChanged(Id user);
}
