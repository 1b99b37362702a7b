// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import org.handshaker.core.Id;

/** Two users, in no order: the pair of a and b equals the pair of b and a. */
record Pair(Id low, Id high) {
    static Pair of(Id one, Id other) {
        return one.compareTo(other) <= 0 ? new Pair(one, other) : new Pair(other, one);
    }
}
