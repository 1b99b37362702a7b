// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What an endpoint answers: a status, and a record that becomes JSON or a page that is sent as it stands. */
public record Reply(
        int status,
        byte[] body,
        @Nullable String contentType,
        Map<String, String> headers,
        int bytesMin,
        Runnable afterwards) {
    static final String JSON = "application/json";

    Reply(int status, byte[] body, @Nullable String contentType, Map<String, String> headers, int bytesMin) {
        this(status, body, contentType, headers, bytesMin, () -> {});
    }

    public static Reply ok(Object body) {
        return json(200, body);
    }

    public static Reply created(Object body) {
        return json(201, body);
    }

    public static Reply accepted(Object body) {
        return json(202, body);
    }

    public static Reply noContent() {
        return new Reply(204, new byte[0], null, Map.of(), 0);
    }

    /**
     * A page or file of the relay's own, with the content security policy that fits it. Padded here, once for all who ask for
     * it: it is the largest answer that strangers get, and ten thousand copies of it would fill the heap.
     */
    public static Reply page(String contentType, String text, String contentSecurityPolicy) {
        return new Reply(
                200,
                Padding.pad(text.getBytes(StandardCharsets.UTF_8)),
                contentType,
                Map.of("Content-Security-Policy", contentSecurityPolicy),
                0);
    }

    /**
     * An answer that holds secrets: wiped as soon as it has been handed to the system, and the body it is made of at once.
     * Padded here, so that there is no other copy.
     */
    public static Reply secret(int status, Wiped body) {
        byte[] json = Json.write(body);
        body.wipe();
        byte[] sent = Padding.pad(json);
        if (sent != json) {
            Arrays.fill(json, (byte) 0);
        }
        return new Reply(status, sent, JSON, Map.of(), 0, () -> Arrays.fill(sent, (byte) 0));
    }

    private static Reply json(int status, Object body) {
        return new Reply(status, Json.write(body), JSON, Map.of(), 0);
    }

    /** Where answers are padded, this one is at least so long, so that an empty one looks like a short one. */
    public Reply atLeast(int bytes) {
        return new Reply(status, body, contentType, headers, bytes, afterwards);
    }

    /** What happens when this answer has been handed to the system, or could not be: for what ends the relay itself. */
    public Reply andThen(Runnable next) {
        return new Reply(status, body, contentType, headers, bytesMin, next);
    }

    @Override
    public String toString() {
        return "Reply";
    }
}
