// SPDX-License-Identifier: MIT
package org.handshaker.core;

/** What a call costs the relay: the limiter keeps one bucket for each of these, per circuit before sign-in and per account after it. */
public enum Cost {
    /** Free: answered from memory, such as {@code /health}. */
    NOTHING,
    READ,
    WRITE,
    SEARCH,
    /** Takes a prekey that somebody else has put there. */
    BUNDLE,
    /** Asks a stranger for something. */
    ASK,
    SEND,
    /** Says something in a room, which is written to all of its members. */
    ROOM,
    /** Sends to a whole group, beside {@link #SEND}. */
    FAN_OUT,
    POLL,
    /** Opens a WebSocket. */
    SOCKET,
    REGISTER,
    LOGIN,
    FORGOT,
    /** Changes the account itself: password, key, sessions, deletion. */
    ACCOUNT
}
