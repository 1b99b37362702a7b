// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;

/** Says a refusal as {@code application/problem+json} (RFC 9457): the one place where a {@link Reason} meets HTTP. */
final class Problem {
    static final String TYPE = "application/problem+json";

    private Problem() {}

    static Reply of(Refused refused) {
        Reason reason = refused.reason();
        Map<String, Object> problem = new LinkedHashMap<>();
        problem.put("type", "about:blank");
        problem.put("title", reason.title());
        problem.put("status", reason.status());
        problem.put("detail", refused.detail());
        problem.put("code", reason.code());
        problem.putAll(refused.members());
        Map<String, String> headers = new TreeMap<>();
        if (refused.retryAfterSeconds() > 0) {
            headers.put("Retry-After", Integer.toString(refused.retryAfterSeconds()));
        }
        return new Reply(reason.status(), Json.write(problem), TYPE, headers, 0);
    }

    static Reply methodNotAllowed(String allow) {
        Reply reply = of(Reason.METHOD_NOT_ALLOWED.refuse());
        return new Reply(reply.status(), reply.body(), TYPE, Map.of("Allow", allow), 0);
    }
}
