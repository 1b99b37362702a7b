// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.util.Map;

/** The relay answered and said no: its problem document (RFC 9457) or its {@code refused} frame. */
public final class RelayRefused extends RuntimeException {
    private final int status;
    private final String code;
    private final String detail;
    private final int retryAfterSeconds;
    private final transient Map<String, Object> members;

    RelayRefused(int status, String code, String detail, int retryAfterSeconds, Map<String, Object> members) {
        super(detail + " (" + code + ")");
        this.status = status;
        this.code = code;
        this.detail = detail;
        this.retryAfterSeconds = retryAfterSeconds;
        this.members = members;
    }

    /** HTTP status; 0 for a refusal that came as a frame. */
    public int status() {
        return status;
    }

    /** The stable machine name, such as {@code queue_full}. */
    public String code() {
        return code;
    }

    /** One sentence of the relay's own. */
    public String detail() {
        return detail;
    }

    /** Seconds until another try makes sense; 0 where the relay names none. */
    public int retryAfterSeconds() {
        return retryAfterSeconds;
    }

    /** The whole problem document, with members such as the puzzle to solve. */
    Map<String, Object> members() {
        return members;
    }
}
