// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The operator of a relay of this machine, at the operator's socket. */
public final class Operator implements AutoCloseable {
    private final Carrier carrier;
    private final String token;

    private Operator(Carrier carrier, String token) {
        this.carrier = carrier;
        this.token = token;
    }

    /** @param token what stands in the file beside the socket */
    public static Operator at(Path socket, String token) {
        return new Operator(Carrier.to(RelayAddress.parse("unix:" + socket)), token);
    }

    /**
     * Makes one call; an answer without a body is empty.
     *
     * @param path what follows {@code /admin/}
     * @throws RelayRefused if the relay says no
     * @throws RelayUnreachable if no relay answers
     */
    public Map<String, Object> call(String method, String path, @Nullable Object body) {
        return carrier.call(method, "/admin/" + path, token, body, Duration.ZERO)
                .members();
    }

    @Override
    public void close() {
        carrier.close();
    }

    @Override
    public String toString() {
        return "Operator";
    }
}
