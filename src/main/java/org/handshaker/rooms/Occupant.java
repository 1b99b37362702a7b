// SPDX-License-Identifier: MIT
package org.handshaker.rooms;

/** One client in rooms: a socket. Whoever is in a room by two sockets is two members. */
public interface Occupant {
    Tongue tongue();

    /** Takes a frame without waiting for its reader; called while the room is held, so it must not come back into one. */
    void hear(byte[] frame);
}
