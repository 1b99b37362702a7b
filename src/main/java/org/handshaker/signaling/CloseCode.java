// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

/** Why the relay closes a socket, as the contract numbers it. */
enum CloseCode {
    MALFORMED(4400, "malformed"),
    NOT_SIGNED_IN(4401, "not signed in"),
    REVOKED(4403, "revoked"),
    NO_SUCH_ROOM(4404, "no such room"),
    IDLE(4408, "idle"),
    TOO_FAST(4429, "too fast"),
    SHUTTING_DOWN(4503, "shutting down");

    final int code;
    final String text;

    CloseCode(int code, String text) {
        this.code = code;
        this.text = text;
    }
}
