// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a browser is configured with for WebRTC; without a TURN server at the relay, {@code urls} is empty. */
public record IceServers(List<String> urls, String policy, long expiresInSeconds) {
    public IceServers {
        urls = List.copyOf(urls);
    }

    static IceServers of(Answer answer) {
        List<String> urls = answer.objects("ice_servers").stream()
                .flatMap(server -> {
                    @Nullable String one = server.textIfAny("urls");
                    return one == null ? server.texts("urls").stream() : List.of(one).stream();
                })
                .toList();
        return new IceServers(urls, answer.text("ice_transport_policy"), answer.number("expires_in"));
    }
}
