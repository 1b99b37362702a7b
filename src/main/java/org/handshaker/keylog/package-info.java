// SPDX-License-Identifier: MIT
/**
 * What became of each user's keys: a chain of hashes that only grows, which the user and their connections can read and check.
 * Somebody who has kept its head notices when the relay, or whoever got at its disk, later tells another story.
 *
 * <p>An entry is added inside the very change that makes a key another one. What may never happen: a key served that is not in
 * the log; an entry changed, dropped or put elsewhere without being noticed, by clients at the latest; a log that is broken
 * answered as if it were whole.
 */
@NullMarked
package org.handshaker.keylog;

import org.jspecify.annotations.NullMarked;
