// SPDX-License-Identifier: MIT
package org.handshaker.client;

/** Lines that scripted relays say. */
final class Scripts {
    static final String READY = "{\"type\":\"ready\",\"username\":\"@alice\",\"epoch\":\"e\",\"pending\":0}";
    static final String TOKENS = tokens("access-1", "refresh-1", 300);

    private Scripts() {}

    static String tokens(String access, String refresh, int expiresIn) {
        return "{\"username\":\"@alice\",\"access_token\":\"" + access + "\",\"token_type\":\"bearer\",\"expires_in\":"
                + expiresIn + ",\"refresh_token\":\"" + refresh + "\",\"device_token\":\"device\"}";
    }

    static ScriptedRelay.Said refusal(int status, String code) {
        return refusal(status, code, "");
    }

    static ScriptedRelay.Said refusal(int status, String code, String more) {
        return new ScriptedRelay.Said(
                status,
                "{\"type\":\"about:blank\",\"title\":\"No\",\"status\":" + status + ",\"detail\":\"No.\",\"code\":\""
                        + code + "\"" + more + "}",
                java.util.Map.of("Content-Type", "application/problem+json", "Retry-After", "7"));
    }
}
