// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.ArrayList;
import java.util.List;

/** A connected device that remembers what it was sent. */
final class Ear extends Receiver {
    private final List<Event> heard = new ArrayList<>();

    @Override
    protected synchronized void push(Event event) {
        heard.add(event);
    }

    synchronized List<Event> heard() {
        return List.copyOf(heard);
    }

    /** Without the first so many. */
    synchronized List<Event> heardSince(int index) {
        return List.copyOf(heard.subList(index, heard.size()));
    }

    List<String> payloads() {
        return heard().stream().map(Event::payload).toList();
    }

    synchronized Event last() {
        return heard.get(heard.size() - 1);
    }
}
