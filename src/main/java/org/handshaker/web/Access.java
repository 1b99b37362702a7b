// SPDX-License-Identifier: MIT
package org.handshaker.web;

/** Who may call a route. There is no default: a route cannot be written without one. */
public enum Access {
    ANYONE,
    /** Somebody signed in, by {@code Authorization: Bearer}. */
    USER
}
