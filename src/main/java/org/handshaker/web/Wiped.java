// SPDX-License-Identifier: MIT
package org.handshaker.web;

/** A body that holds a secret: overwritten as soon as its call has been answered, and refused calls are answered too. */
public interface Wiped {
    void wipe();
}
