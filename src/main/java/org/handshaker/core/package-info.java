// SPDX-License-Identifier: MIT
/**
 * What every room of the house may know: names and ids as value types, limits, settings, the closed vocabulary of
 * refusals, randomness and the vault. Needs nothing but the JDK and knows nobody else.
 */
@NullMarked
package org.handshaker.core;

import org.jspecify.annotations.NullMarked;
