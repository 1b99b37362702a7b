// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.OptionalInt;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;

final class CircuitConnection {
    private CircuitConnection() {}

    static OptionalInt circuitOf(Request request) {
        return OptionalInt.empty();
    }

    static final class Factory extends HttpConnectionFactory {
        Factory(String next) {}
    }
}
