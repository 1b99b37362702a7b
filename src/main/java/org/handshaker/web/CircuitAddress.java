// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.net.SocketAddress;

/** Where a stream through tor comes from: a circuit, which is all that is known. Its text hides it, for the sake of logs. */
final class CircuitAddress extends SocketAddress {
    private final int circuit;

    CircuitAddress(int circuit) {
        this.circuit = circuit;
    }

    int circuit() {
        return circuit;
    }

    @Override
    public String toString() {
        return "circuit";
    }
}
