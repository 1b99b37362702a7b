// SPDX-License-Identifier: MIT
package org.handshaker.admin;

/** What the operator can have the whole relay do, beyond any one feature; the wiring does it. */
public interface Whole {
    /**
     * Takes nothing more in, commits what is in memory, gives the receipts and closes every socket with 4503. Returns when that
     * is done, a few seconds at most; twice is harmless. The operator's socket stays open.
     */
    void drain();

    /** Whether it was told to take nothing more in. */
    boolean isDrained();

    /** Ends the program as SIGTERM does. Returns at once. */
    void end();

    /** Destroys what the relay keeps, the key first, for good. Returns when that is done, or never. */
    void destroy();
}
