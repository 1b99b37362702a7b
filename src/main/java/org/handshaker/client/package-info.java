// SPDX-License-Identifier: MIT
/**
 * The other end of the wire: what {@code demo}, {@code doctor}, the benchmark and the tests use to talk to a relay, and the
 * only place of the project that opens a connection to anywhere.
 *
 * <p>A {@link org.handshaker.client.RelayAddress} says where a relay is and how it is reached: a loopback address, a Unix
 * socket, or an onion behind a SOCKS proxy. A {@link org.handshaker.client.Carrier} carries calls there, each carrier in Tor
 * circuits of its own. A {@link org.handshaker.client.RelayClient} is one person at that relay, a
 * {@link org.handshaker.client.RelaySocket} that person's open socket. Nothing here looks up a name: names go to the proxy as
 * they are, and without a proxy only loopback is dialled. The JDK's own HTTP client is not used because it does not speak
 * SOCKS, and its sockets are not used because they hand the operating system's user name to the proxy.
 */
@NullMarked
package org.handshaker.client;

import org.jspecify.annotations.NullMarked;
