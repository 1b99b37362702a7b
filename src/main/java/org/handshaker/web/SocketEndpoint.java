// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.Map;
import java.util.OptionalInt;
import org.handshaker.core.Caller;
import org.jspecify.annotations.Nullable;

/** Makes the Jetty WebSocket endpoint for an upgrade that the router let through. */
@FunctionalInterface
public interface SocketEndpoint {
    /**
     * @param caller who opened it, or null when no token came with the upgrade and the first frame must bring it
     * @param path the values of the path's {@code {names}}
     */
    Object open(@Nullable Caller caller, OptionalInt circuit, Map<String, String> path);
}
