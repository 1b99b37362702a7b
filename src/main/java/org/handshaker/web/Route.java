// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.handshaker.core.Cost;
import org.handshaker.core.Limits;
import org.jspecify.annotations.Nullable;

/**
 * One route of the API, as data: the router, the documentation test and the every-route test all read the same list.
 *
 * @param path segments, of which {@code {name}} matches any one segment
 * @param bodyBytesMax longest body in bytes
 * @param isHeavy whether it hashes a password and so runs behind admission
 * @param door what is asked of a call before something dear is done for it
 * @param socket set for a WebSocket upgrade, and then {@code endpoint} is never called
 */
public record Route(
        String method,
        String path,
        Access access,
        LaterEndpoint endpoint,
        Cost cost,
        int bodyBytesMax,
        boolean isHeavy,
        Door door,
        @Nullable SocketEndpoint socket) {

    public static Route get(String path, Access access, Endpoint endpoint) {
        return of("GET", path, access, now(endpoint)).costs(Cost.READ).bodyMax(Limits.UNREAD_BODY_BYTES_MAX);
    }

    /** A GET that may wait, such as a long-poll. */
    public static Route getLater(String path, Access access, LaterEndpoint endpoint) {
        return of("GET", path, access, endpoint).costs(Cost.POLL).bodyMax(Limits.UNREAD_BODY_BYTES_MAX);
    }

    public static Route post(String path, Access access, Endpoint endpoint) {
        return of("POST", path, access, now(endpoint));
    }

    /** A POST that answers when its work is safe, without a thread that waits. */
    public static Route postLater(String path, Access access, LaterEndpoint endpoint) {
        return of("POST", path, access, endpoint);
    }

    public static Route put(String path, Access access, Endpoint endpoint) {
        return of("PUT", path, access, now(endpoint));
    }

    public static Route patch(String path, Access access, Endpoint endpoint) {
        return of("PATCH", path, access, now(endpoint));
    }

    public static Route delete(String path, Access access, Endpoint endpoint) {
        return of("DELETE", path, access, now(endpoint));
    }

    public static Route deleteLater(String path, Access access, LaterEndpoint endpoint) {
        return of("DELETE", path, access, endpoint);
    }

    /** A WebSocket; whoever opens it signs in by header or with the first frame, so the upgrade itself is for anyone. */
    public static Route socket(String path, SocketEndpoint socket) {
        return new Route(
                "GET", path, Access.ANYONE, now(call -> Reply.noContent()), Cost.SOCKET, 0, false, Door.PLAIN, socket);
    }

    private static Route of(String method, String path, Access access, LaterEndpoint endpoint) {
        return new Route(method, path, access, endpoint, Cost.WRITE, Limits.BODY_BYTES_MAX, false, Door.PLAIN, null);
    }

    private static LaterEndpoint now(Endpoint endpoint) {
        return call -> CompletableFuture.completedFuture(endpoint.handle(call));
    }

    public Route costs(Cost cost) {
        return new Route(method, path, access, endpoint, cost, bodyBytesMax, isHeavy, door, socket);
    }

    public Route bodyMax(int bytes) {
        return new Route(method, path, access, endpoint, cost, bytes, isHeavy, door, socket);
    }

    /** The same under another path: an alias. */
    public Route at(String alias) {
        return new Route(method, alias, access, endpoint, cost, bodyBytesMax, isHeavy, door, socket);
    }

    /** It hashes a password: at most as many at once as there are cores. */
    public Route heavy() {
        return new Route(method, path, access, endpoint, cost, bodyBytesMax, true, door, socket);
    }

    /** Asks this of every call before its place in the line. */
    public Route behind(Door asking) {
        return new Route(method, path, access, endpoint, cost, bodyBytesMax, isHeavy, asking, socket);
    }

    /** The values of the path's {@code {names}}, or empty when the path is another. */
    Optional<Map<String, String>> match(List<String> segments) {
        List<String> pattern = segments(path);
        if (pattern.size() != segments.size()) {
            return Optional.empty();
        }
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < pattern.size(); i++) {
            String expected = pattern.get(i);
            String actual = segments.get(i);
            if (expected.startsWith("{")) {
                if (actual.isEmpty()) {
                    return Optional.empty();
                }
                values.put(expected.substring(1, expected.length() - 1), actual);
            } else if (!expected.equals(actual)) {
                return Optional.empty();
            }
        }
        return Optional.of(values);
    }

    /** RFC 9110, section 9.3.2; only where reading has no effect and nobody needs to sign in, such as pages and health. */
    boolean takesHead() {
        return method.equals("GET") && access == Access.ANYONE && socket == null;
    }

    /** How many segments are spelled out; of two routes that match, the one that spells out more wins. */
    int literals() {
        return (int)
                segments(path).stream().filter(part -> !part.startsWith("{")).count();
    }

    static List<String> segments(String path) {
        List<String> segments = new ArrayList<>();
        int from = 1;
        for (int slash = path.indexOf('/', from); slash >= 0; slash = path.indexOf('/', from)) {
            segments.add(path.substring(from, slash));
            from = slash + 1;
        }
        segments.add(path.substring(Math.min(from, path.length())));
        return segments;
    }
}
