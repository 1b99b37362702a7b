// SPDX-License-Identifier: MIT
package org.handshaker.client;

/**
 * How to ask for events: wait and acknowledge in one round trip, since through Tor a round trip is dear.
 *
 * @param waitSeconds how long the relay may hold the call while there is nothing, 0 to 30
 * @param ack what the relay may drop first, up to this number, or {@link #NOTHING}
 * @param limit how many at most, 1 to 100
 */
public record Poll(int waitSeconds, long ack, int limit) {
    public static final long NOTHING = -1;

    public static Poll now() {
        return new Poll(0, NOTHING, 100);
    }

    public static Poll waiting(int seconds) {
        return new Poll(seconds, NOTHING, 100);
    }

    public Poll acking(long upToSeq) {
        return new Poll(waitSeconds, upToSeq, limit);
    }

    String query() {
        return "?wait=" + waitSeconds + "&limit=" + limit + (ack == NOTHING ? "" : "&ack=" + ack);
    }
}
