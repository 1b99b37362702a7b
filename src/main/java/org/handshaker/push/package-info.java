// SPDX-License-Identifier: MIT
/**
 * Wakes devices that hold no socket: a POST without content to the push service that the device chose (RFC 8030), by Web Push
 * or UnifiedPush, and only through Tor. A wake-up says that there may be something, never what, from whom or how much; it is
 * always the same size, goes out a few seconds after the event and at most once a minute. What may never happen: a push to an
 * address of this machine or its network, an endpoint in plain on the disk, or two users whose endpoints share a circuit.
 */
@NullMarked
package org.handshaker.push;

import org.jspecify.annotations.NullMarked;
