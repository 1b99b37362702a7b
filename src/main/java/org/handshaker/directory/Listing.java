// SPDX-License-Identifier: MIT
package org.handshaker.directory;

/** How a user can be found. */
public enum Listing {
    /** By the exact name only. */
    EXACT_NAME,
    /** Also by the first three or more characters of it. */
    PREFIX
}
