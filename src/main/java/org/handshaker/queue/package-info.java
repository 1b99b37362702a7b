// SPDX-License-Identifier: MIT
/**
 * Each user's queue of events: what the relay is for. An offered event gets the next sequence number and is visible to its
 * owner's sockets and polls at once. If the owner is there it stays in memory and an ack within the linger ends it
 * ({@code delivered}); otherwise, or when the linger is over, it is committed with fsync ({@code stored}). The sender hears
 * nothing before one of the two.
 *
 * <p>States of an event: memory, committing, stored, gone; and hidden while the change it belongs to is not committed. What
 * may never happen: an accepted event lost, one seen by anybody else, a sequence number given twice, a later event shown
 * before an earlier one, or a queue, a waiter list or a wait without a bound.
 */
@NullMarked
package org.handshaker.queue;

import org.jspecify.annotations.NullMarked;
