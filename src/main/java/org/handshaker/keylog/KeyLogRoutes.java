// SPDX-License-Identifier: MIT
package org.handshaker.keylog;

import static org.handshaker.web.Access.USER;

import java.util.List;
import org.handshaker.core.KeyLogEntry;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Username;
import org.handshaker.web.Call;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;

/** The key log of section 2 of the contract over HTTP. */
public final class KeyLogRoutes {
    private final KeyLog log;

    public KeyLogRoutes(KeyLog log) {
        this.log = log;
    }

    public List<Route> routes() {
        return List.of(Route.get("/users/{username}/key-log", USER, this::read));
    }

    record Shown(String username, List<KeyLogEntry> entries, String head) {}

    private Reply read(Call call) {
        KeyLog.Log found = log.read(call.user(), username(call));
        return Reply.ok(new Shown(found.user().at(), found.entries(), found.head()));
    }

    /** A name that no user can have is a stranger's, like any other that nobody has. */
    private static Username username(Call call) {
        try {
            return call.username("username");
        } catch (Refused impossible) {
            throw Reason.NOT_CONNECTED.refuse();
        }
    }
}
