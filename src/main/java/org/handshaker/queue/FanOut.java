// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.time.Instant;
import org.handshaker.core.Id;

/**
 * What became of an event for many.
 *
 * @param stored queues that hold it
 * @param full queues that had no room for it
 */
public record FanOut(Id eventId, Instant expiresAt, int stored, int full) {}
