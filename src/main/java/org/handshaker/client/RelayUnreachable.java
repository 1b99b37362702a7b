// SPDX-License-Identifier: MIT
package org.handshaker.client;

import org.jspecify.annotations.Nullable;

/** No relay answered: its message is one sentence for a person that names what did not work. */
public final class RelayUnreachable extends RuntimeException {
    RelayUnreachable(String sentence, @Nullable Throwable cause) {
        super(sentence, cause);
    }
}
