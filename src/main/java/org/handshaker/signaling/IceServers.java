// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client hands to its WebRTC stack, as {@code GET /signaling/ice-servers} answers it. {@code turnServers} repeats
 * {@code iceServers} for clients of the earlier servers, which read that name. {@code stunServers} is empty unless the
 * operator asked for one, and stays outside {@code iceServers}: a STUN request leaves the client outside Tor and shows
 * its address.
 *
 * @param iceTransportPolicy always {@code relay}: a peer shall never see the other's address
 * @param expiresIn seconds for which the credentials may open an allocation
 */
public record IceServers(
        List<IceServer> iceServers,
        List<IceServer> stunServers,
        List<IceServer> turnServers,
        String iceTransportPolicy,
        long expiresIn) {

    public IceServers {
        iceServers = List.copyOf(iceServers);
        stunServers = List.copyOf(stunServers);
        turnServers = List.copyOf(turnServers);
    }

    /** One server under several addresses; STUN servers take no credentials. */
    public record IceServer(List<String> urls, @Nullable String username, @Nullable String credential) {

        public IceServer {
            urls = List.copyOf(urls);
        }

        @Override
        public String toString() {
            return "IceServer" + urls;
        }
    }
}
