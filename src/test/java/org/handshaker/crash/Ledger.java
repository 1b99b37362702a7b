// SPDX-License-Identifier: MIT
package org.handshaker.crash;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.handshaker.client.Event;

/**
 * What was promised to one recipient and what came: the events of each sender by number, over all lives of the relay. Every
 * method may be called from any thread.
 */
final class Ledger {
    /** One event, by what its payload says of itself. */
    record Mark(String sender, int number) implements Comparable<Mark> {
        static Mark of(String payload) {
            String[] parts = payload.split(":", 3);
            return new Mark(parts[0], Integer.parseInt(parts[1]));
        }

        @Override
        public int compareTo(Mark other) {
            int bySender = sender.compareTo(other.sender);
            return bySender != 0 ? bySender : Integer.compare(number, other.number);
        }
    }

    private final Set<Mark> accepted = new TreeSet<>();
    private final Set<Mark> seen = new TreeSet<>();
    private final Set<Mark> acked = new TreeSet<>();
    private final Map<Long, Mark> markOfSeq = new HashMap<>();
    private final Map<Mark, String> eventIdOf = new HashMap<>();
    /** What came after the relay was started again, in the order in which it came. */
    private final List<Event> after = new ArrayList<>();

    private long lastSeq;

    /** The relay gave its word. */
    synchronized void accepted(String payload) {
        accepted.add(Mark.of(payload));
    }

    /** It came. A number that another event ever had, or another id for the same event, is a failure. */
    synchronized void saw(Event event) {
        Mark mark = Mark.of(event.payload());
        Mark before = markOfSeq.put(event.seq(), mark);
        if (before != null && !before.equals(mark)) {
            throw new AssertionError("seq " + event.seq() + " was " + before + " and is " + mark);
        }
        String id = eventIdOf.put(mark, event.eventId());
        if (id != null && !id.equals(event.eventId())) {
            throw new AssertionError(mark + " has another event id now");
        }
        seen.add(mark);
        lastSeq = Math.max(lastSeq, event.seq());
    }

    synchronized long lastSeq() {
        return lastSeq;
    }

    /** The recipient said so; whether the relay heard it is another matter. */
    synchronized void ackedUpTo(long seq) {
        markOfSeq.forEach((each, mark) -> {
            if (each <= seq) {
                acked.add(mark);
            }
        });
    }

    /** It came after a restart. */
    synchronized void sawAfter(Event event) {
        saw(event);
        after.add(event);
    }

    /** Everything accepted and not acked came after the restart, in order; nothing accepted never came at all. */
    synchronized int settle() {
        Map<String, Integer> lastOf = new HashMap<>();
        Set<Mark> came = new TreeSet<>();
        long seq = 0;
        for (Event event : after) {
            Mark mark = Mark.of(event.payload());
            if (event.seq() <= seq) {
                throw new AssertionError("out of order: seq " + event.seq() + " after " + seq);
            }
            seq = event.seq();
            Integer last = lastOf.put(mark.sender(), mark.number());
            if (last != null && last >= mark.number()) {
                throw new AssertionError("out of order: " + mark + " after " + last);
            }
            came.add(mark);
        }
        for (Mark mark : accepted) {
            if (!came.contains(mark) && !acked.contains(mark)) {
                throw new AssertionError("lost: " + mark + (seen.contains(mark) ? ", seen before" : ", never seen"));
            }
        }
        int promised = accepted.size();
        accepted.clear();
        acked.clear();
        after.clear();
        return promised;
    }
}
