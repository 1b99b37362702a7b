// SPDX-License-Identifier: MIT
package org.handshaker.admin;

import java.util.List;
import java.util.function.Supplier;
import org.handshaker.core.Cost;
import org.handshaker.web.Access;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;

/** The operator's calls. Whoever can open the socket is the operator: its file mode is the lock. */
public final class AdminRoutes {
    private final Supplier<Status> status;

    public AdminRoutes(Supplier<Status> status) {
        this.status = status;
    }

    /**
     * How the relay is.
     *
     * @param health as {@code /health} says it
     * @param sockets open WebSockets
     * @param queuesInMemory queues that somebody uses or used lately
     * @param eventBytesInMemory bytes of events that are not on the disk
     * @param changesWaiting changes in line for the next commit
     */
    public record Status(String health, int sockets, int queuesInMemory, long eventBytesInMemory, int changesWaiting) {}

    public List<Route> routes() {
        return List.of(Route.get("/status", Access.ANYONE, call -> Reply.ok(status.get()))
                .costs(Cost.NOTHING));
    }
}
