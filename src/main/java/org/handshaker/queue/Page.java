// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.List;

/**
 * What a poll gets.
 *
 * @param expired running total of what ran out unread
 * @param more whether there is more than fits
 */
public record Page(List<Event> events, long expired, boolean more) {}
