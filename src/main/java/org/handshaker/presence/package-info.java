// SPDX-License-Identifier: MIT
/**
 * Who is here now: in memory only, gone with the process. A user is online while one of their sockets is, unless they chose
 * to be invisible, and only accepted connections may know. Invisible, offline and unknown look alike. What may never happen:
 * a stranger who learns anything, or a trace of it on the disk.
 */
@NullMarked
package org.handshaker.presence;

import org.jspecify.annotations.NullMarked;
