// SPDX-License-Identifier: MIT
/**
 * The program: {@link org.handshaker.Main} reads the command line, {@link org.handshaker.Relay} builds every object and is
 * the one place that shows how they hang together.
 */
@NullMarked
package org.handshaker;

import org.jspecify.annotations.NullMarked;
