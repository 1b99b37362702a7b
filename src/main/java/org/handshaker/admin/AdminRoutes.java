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
     * @param onion how the onion is
     */
    public record Status(
            String health, int sockets, int queuesInMemory, long eventBytesInMemory, int changesWaiting, Onion onion) {}

    /**
     * How the onion is; -1 where nobody can tell.
     *
     * @param bootstrapPercent how far tor is
     * @param published whether clients can find it, as far as its tor tells
     * @param descriptorUploads descriptors that directories took since the start
     * @param descriptorFailures descriptors that they did not take
     * @param torsLost how often tor ended or was lost
     * @param circuits clients' circuits now
     * @param circuitsClosed circuits that tor was asked to close because they hammered
     * @param probe what the last look from outside saw: {@code none} yet, {@code reached}, {@code failed}
     * @param probeMillis how long it took
     * @param clockAgrees whether this machine's clock fits the network's time
     */
    public record Onion(
            int bootstrapPercent,
            boolean published,
            long descriptorUploads,
            long descriptorFailures,
            int torsLost,
            int circuits,
            long circuitsClosed,
            String probe,
            long probeMillis,
            boolean clockAgrees) {}

    public List<Route> routes() {
        return List.of(Route.get("/status", Access.ANYONE, call -> Reply.ok(status.get()))
                .costs(Cost.NOTHING));
    }
}
