// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;

/** This tor would not keep what the relay promises, and no second try makes it: it is not used at all. */
final class UnsafeTor extends IOException {
    UnsafeTor(String sentence) {
        super(sentence);
    }
}
