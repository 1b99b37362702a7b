// SPDX-License-Identifier: MIT
package org.handshaker;

import java.util.List;
import org.handshaker.web.Route;

/**
 * Paths under {@code /api}, as the chat backend had them: the same calls by the same rules. Only calls that mean the same
 * have one; where the earlier call did something else, an old client had better hear that there is nothing.
 */
final class EarlierPaths {
    static final String BEFORE = "/api";

    private static final List<String> PATHS = List.of(
            "/auth/register",
            "/auth/login",
            "/auth/refresh",
            "/auth/logout",
            "/auth/forgot-password",
            "/auth/reset-password",
            "/users/search",
            "/users/me",
            "/users/{username}",
            "/users/{username}/public-key",
            "/connections",
            "/connections/request",
            "/connections/pending",
            "/connections/respond",
            "/signaling/send",
            "/signaling/poll",
            "/signaling/clear",
            "/signaling/ice-servers",
            "/rooms",
            "/rooms/{room}");

    private EarlierPaths() {}

    static List<Route> of(List<Route> routes) {
        return routes.stream()
                .filter(route -> PATHS.contains(route.path()))
                .map(route -> route.at(BEFORE + route.path()))
                .toList();
    }
}
