// SPDX-License-Identifier: MIT
package org.handshaker.core;

/** Where a caller stands when there is not room for everyone. It buys a place in the line and no rights. */
public enum Standing {
    STRANGER,
    /** Signed in, or on a device that has signed in to the account before: goes ahead of strangers. */
    KNOWN
}
