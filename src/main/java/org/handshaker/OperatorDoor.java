// SPDX-License-Identifier: MIT
package org.handshaker;

import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.handshaker.admin.OperatorToken;
import org.handshaker.core.Listen;
import org.handshaker.web.Gate;
import org.handshaker.web.Hosts;
import org.handshaker.web.Route;
import org.handshaker.web.WebServer;

/** The operator's socket: a server of its own, so that tor's listener does not know its routes, and the token beside it. */
final class OperatorDoor implements AutoCloseable {
    private final OperatorToken token;
    private final WebServer web;

    OperatorDoor(Listen socket, List<Route> routes, Gate gate, boolean pads) {
        this.token =
                new OperatorToken(Objects.requireNonNull(socket.unixPath(), "the settings take a Unix socket only"));
        this.web = new WebServer(socket, WebServer.Front.OPERATOR, routes, token, gate, new Hosts(Set.of()), pads);
    }

    /** Returns the local address. */
    String start() {
        String address = web.start();
        token.write();
        return address;
    }

    void stopIntake() {
        web.stopIntake();
    }

    @Override
    public void close() {
        web.close();
        token.close();
    }
}
