// SPDX-License-Identifier: MIT
package org.handshaker.client;

/** A key log that cannot be trusted: somebody has changed it, or tells another story than before. */
public final class KeyLogBroken extends RuntimeException {
    private static final long serialVersionUID = 1;

    KeyLogBroken(String sentence) {
        super(sentence);
    }
}
