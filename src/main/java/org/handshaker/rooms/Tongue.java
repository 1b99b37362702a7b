// SPDX-License-Identifier: MIT
package org.handshaker.rooms;

import java.util.List;

/** How a room's news are written for a client. Each frame is written once for all members who share a tongue. */
public interface Tongue {
    /**
     * To the one who has joined.
     *
     * @param members all of them in the order of their joining, {@code you} among them
     */
    List<byte[]> joined(String room, String you, List<String> members);

    /** To all others, of one who came or went. */
    byte[] moved(String room, String clientId, Move move);

    byte[] signal(String room, String from, Signal signal);

    /** What became of a member. */
    enum Move {
        JOINED,
        LEFT
    }
}
