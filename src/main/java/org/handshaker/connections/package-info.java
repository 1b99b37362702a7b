// SPDX-License-Identifier: MIT
/**
 * Who may talk to whom: nobody, until one asks and the other accepts.
 *
 * <p>Between two users there is nothing, a request in one direction, or a connection; beside that, either may have blocked
 * the other. Asking someone who has asked accepts that request. A request ends by accept, decline, block or after seven
 * days, and then looks as if it had never been; declining is not told. Whoever is blocked cannot notice: the connection is
 * gone as after any removal, and a request looks pending until it expires. Asking someone lifts one's own block of them.
 *
 * <p>What may never happen: a connection that only one side wanted or only one side has; two answers to one request; an
 * event let through after a removal was confirmed; a file that tells which two people know each other. At most
 * {@code REQUESTS_PENDING_MAX} requests wait for anyone and by anyone, so strangers can fill an inbox until they expire,
 * but not bar its owner: he asks them, or has them accepted when requests cross, without room in his own.
 */
@NullMarked
package org.handshaker.connections;

import org.jspecify.annotations.NullMarked;
