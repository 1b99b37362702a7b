// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.util.List;

/**
 * What a poll brought.
 *
 * @param epoch the store's epoch, handed back as it came
 * @param expired how many events ever ran out unread
 * @param more whether the queue holds more than fitted
 */
public record Events(List<Event> events, Object epoch, long expired, boolean more) {
    public Events {
        events = List.copyOf(events);
    }

    static Events of(Answer answer, String list) {
        return new Events(
                answer.objects(list).stream().map(Event::of).toList(),
                answer.opaque("epoch"),
                answer.numberOr("expired", 0),
                answer.flag("more"));
    }

    /** The number that acknowledges all of these, or {@link Poll#NOTHING}. */
    public long lastSeq() {
        return events.stream().mapToLong(Event::seq).max().orElse(Poll.NOTHING);
    }
}
