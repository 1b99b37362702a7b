// SPDX-License-Identifier: MIT
package org.handshaker.queue;

/** Which part of the queue a call is about. */
public enum Wanted {
    EVERYTHING,
    SIGNALS;

    boolean includes(Entry entry) {
        return this == EVERYTHING || entry.eventClass == EventClass.SIGNAL;
    }
}
