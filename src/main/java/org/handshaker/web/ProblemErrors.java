// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.nio.ByteBuffer;
import java.util.function.UnaryOperator;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.handshaker.core.Reason;

/** Speaks for Jetty where it refuses by itself (a request line or header that is no HTTP), in the relay's own vocabulary. */
final class ProblemErrors implements Request.Handler {
    private final boolean pads;
    private final UnaryOperator<Reason> reasons;

    /** @param reasons what a refusal is called now */
    ProblemErrors(boolean pads, UnaryOperator<Reason> reasons) {
        this.pads = pads;
        this.reasons = reasons;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        int status = response.getStatus();
        Reason reason =
                switch (status) {
                    case 404 -> Reason.NOT_FOUND;
                    case 413 -> Reason.TOO_LARGE;
                    // 414 is what Jetty calls the same when the request line alone is too long.
                    case 414, 431 -> Reason.HEADERS_TOO_LARGE;
                    case 503 -> Reason.SHUTTING_DOWN;
                    // Whatever else Jetty says, 501 and 505 too, it says of the request; 500 alone is a fault of ours.
                    case 500 -> Reason.INTERNAL;
                    default -> Reason.MALFORMED;
                };
        Reply problem = Problem.of(reasons.apply(reason).refuse());
        byte[] body = pads ? Padding.pad(problem.body(), 0) : problem.body();
        response.setStatus(problem.status());
        Router.addSecurityHeaders(response.getHeaders());
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, Problem.TYPE);
        response.write(true, ByteBuffer.wrap(body), callback);
        return true;
    }
}
