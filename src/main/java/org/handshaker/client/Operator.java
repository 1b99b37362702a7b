// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The operator of a relay of this machine, at the operator's socket. The carrier belongs to the caller, who closes it. */
public final class Operator {
    private final Carrier carrier;
    private final String token;

    /** @param token what stands in the file beside the socket */
    public Operator(Carrier carrier, String token) {
        this.carrier = carrier;
        this.token = token;
    }

    /**
     * Makes one call; an answer without a body is empty.
     *
     * @throws RelayRefused if the relay says no
     * @throws RelayUnreachable if no relay answers
     */
    public Map<String, Object> call(String method, String path, @Nullable Object body) {
        return carrier.call(method, "/admin/" + path, token, body, Duration.ZERO).members();
    }

    @Override
    public String toString() {
        return "Operator";
    }
}
