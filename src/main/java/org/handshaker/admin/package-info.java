// SPDX-License-Identifier: MIT
/**
 * What the operator sees of a running relay, on a Unix socket of its own that only the relay's user can open; never on the
 * onion's listener, where these paths are unknown like any other. Numbers about the relay, nothing about anybody.
 */
@NullMarked
package org.handshaker.admin;

import org.jspecify.annotations.NullMarked;
