// SPDX-License-Identifier: MIT
/**
 * Says "not so fast": rates per circuit and per account, admission to the few cores that hash passwords, and puzzles for
 * newcomers while the relay is under strain. Everything it remembers is in memory, bounded, and forgotten.
 */
@NullMarked
package org.handshaker.guard;

import org.jspecify.annotations.NullMarked;
