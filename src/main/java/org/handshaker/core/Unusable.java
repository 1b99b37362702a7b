// SPDX-License-Identifier: MIT
package org.handshaker.core;

/** The environment does not let the relay start: a bad setting, a foreign file, a taken port. One clear sentence, exit 2. */
public final class Unusable extends RuntimeException {
    public Unusable(String sentence) {
        super(sentence, null, false, false);
    }

    public Unusable(String sentence, Throwable cause) {
        super(sentence, cause, false, false);
    }

    public String sentence() {
        return String.valueOf(getMessage());
    }
}
