// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** It was the proxy that failed, or was not there, and not what lies behind it: the message is a sentence that says so. */
final class SocksFault extends IOException {
    private static final long serialVersionUID = 1;

    SocksFault(String sentence, @Nullable Throwable cause) {
        super(sentence, cause);
    }
}
