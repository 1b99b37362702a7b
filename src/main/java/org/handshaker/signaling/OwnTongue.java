// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.util.List;
import org.handshaker.rooms.Signal;
import org.handshaker.rooms.Tongue;

/** The frames of {@code /ws}, padded. */
final class OwnTongue implements Tongue {
    private final Sockets sockets;

    OwnTongue(Sockets sockets) {
        this.sockets = sockets;
    }

    @Override
    public List<byte[]> joined(String room, String you, List<String> members) {
        return List.of(sockets.padded(Frames.roomJoined(room, you, members)));
    }

    @Override
    public byte[] moved(String room, String clientId, Move move) {
        return sockets.padded(Frames.roomMember(room, clientId, move));
    }

    @Override
    public byte[] signal(String room, String from, Signal signal) {
        return sockets.padded(Frames.roomSignal(room, from, signal));
    }
}
