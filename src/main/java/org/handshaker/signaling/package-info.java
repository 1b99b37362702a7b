// SPDX-License-Identifier: MIT
/**
 * Passing events between people who agreed to talk: over HTTP and over the WebSocket {@code /ws}, with the same rules. A
 * sender must be connected with the recipient, and an unknown name looks like a stranger. A socket goes through three states:
 * greeting (ten seconds to sign in), open, closed. What may never happen: an event between strangers, a socket that outlives
 * its session, a reader that holds more than its own queue.
 */
@NullMarked
package org.handshaker.signaling;

import org.jspecify.annotations.NullMarked;
