// SPDX-License-Identifier: MIT
/**
 * The SQL engine: one SQLite file, one writer with group commit, a few read-only connections, numbered schema files and one
 * sweeper. It knows nothing about users or events. What it promises: a change is either wholly there after the fsync that
 * completed its future, or not at all; a database from a newer relay is refused untouched; what was deleted is overwritten
 * and gone from every live file within a minute. What may never happen: a second writer, or a wait without an end.
 */
@NullMarked
package org.handshaker.store;

import org.jspecify.annotations.NullMarked;
