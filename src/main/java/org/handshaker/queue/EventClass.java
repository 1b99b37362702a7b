// SPDX-License-Identifier: MIT
package org.handshaker.queue;

/** Which rules an event lives by. */
public enum EventClass {
    /** Kept for days. */
    MESSAGE(0),
    /** WebRTC signaling: worthless after two minutes. */
    SIGNAL(1),
    /** From the relay itself; has an allowance of its own in the queue. */
    SYSTEM(2);

    private final int code;

    EventClass(int code) {
        this.code = code;
    }

    /** What the database holds. */
    int code() {
        return code;
    }

    static EventClass of(int code) {
        return switch (code) {
            case 0 -> MESSAGE;
            case 1 -> SIGNAL;
            case 2 -> SYSTEM;
            default -> throw new IllegalStateException("no class of event has the code " + code);
        };
    }
}
