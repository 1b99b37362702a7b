// SPDX-License-Identifier: MIT
/**
 * Being an onion. The relay listens on a Unix socket (or a loopback port) and tor brings the world to it, one of three ways:
 * {@code managed}: the relay starts a tor of its own, which dies with it; {@code control}: a tor that is already there
 * is asked over its control port; {@code torrc}: the operator has written it into a torrc, and the relay only listens.
 *
 * <p>Story of a start: tor is spawned or found, authenticates us by cookie, bootstraps (0 to 100 %), knows its address, and
 * uploads the first descriptor; from then on the onion can be reached. Each step is told to {@link
 * org.handshaker.tor.OnionNews}, and nothing here prints or logs.
 *
 * <p>What may never happen: a tor left running when the relay is gone, a key or cookie readable by others or on a command line,
 * a single-hop (non-anonymous) onion, a wait without an end.
 */
@NullMarked
package org.handshaker.tor;

import org.jspecify.annotations.NullMarked;
