// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.AbstractConnectionFactory;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.ProxyConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.BufferUtil;
import org.jspecify.annotations.Nullable;

/**
 * The first bytes of a connection on the onion's listener: tor's line about the circuit, then HTTP. A connection that begins
 * with anything else, or whose line is not there in time, did not come through our tor and is closed without an answer.
 * Jetty's own PROXY support lets a missing line pass and resolves names: it is not used but for its end-point wrapper.
 */
final class CircuitConnection extends AbstractConnection.NonBlocking implements Connection.UpgradeFrom {
    private final Connector connector;
    private final ConnectionFactory next;
    private final CircuitWatch watch;
    /** As long as the longest line, so that no more than that is ever held before the line is known. */
    private final ByteBuffer received = BufferUtil.allocate(CircuitLine.BYTES_MAX);

    private final long idleMillisAfterwards;
    private final long deadline;

    private CircuitConnection(
            EndPoint endPoint, Connector connector, ConnectionFactory next, CircuitWatch watch, Duration lineWait) {
        super(endPoint, connector.getExecutor());
        this.connector = connector;
        this.next = next;
        this.watch = watch;
        this.idleMillisAfterwards = endPoint.getIdleTimeout();
        this.deadline = System.nanoTime() + lineWait.toNanos();
    }

    /** The circuit that a request came over; empty on a listener without tor in front. */
    static OptionalInt circuitOf(Request request) {
        return request.getConnectionMetaData().getRemoteSocketAddress() instanceof CircuitAddress address
                ? OptionalInt.of(address.circuit())
                : OptionalInt.empty();
    }

    @Override
    public void onOpen() {
        super.onOpen();
        awaitMore();
    }

    @Override
    public void onFillable() {
        try {
            while (true) {
                int filled = getEndPoint().fill(received);
                if (filled == 0) {
                    awaitMore();
                    return;
                }
                CircuitLine line = CircuitLine.parse(received);
                if (line.verdict() == CircuitLine.Verdict.COMPLETE) {
                    watch.named();
                    upgrade(line.circuit());
                    return;
                }
                if (filled < 0 || line.verdict() == CircuitLine.Verdict.MALFORMED) {
                    close();
                    if (line.verdict() == CircuitLine.Verdict.MALFORMED) {
                        watch.unnamed();
                    }
                    return;
                }
            }
        } catch (IOException | RuntimeException broken) {
            // Nobody is told, and nothing is written down: whoever it was, it was not our tor.
            close();
        }
    }

    /** Time is up, or the other side is gone; Jetty's default would wait once more. */
    @Override
    public void onFillInterestedFailed(Throwable cause) {
        close();
    }

    /** What came after the line, for the next protocol. */
    @Override
    public ByteBuffer onUpgradeFrom() {
        return received;
    }

    /** The wait is for the whole line: a byte now and then does not prolong it. */
    private void awaitMore() {
        long millisLeft = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (millisLeft <= 0) {
            close();
            return;
        }
        getEndPoint().setIdleTimeout(millisLeft);
        fillInterested();
    }

    private void upgrade(int circuit) {
        EndPoint endPoint = getEndPoint();
        endPoint.setIdleTimeout(idleMillisAfterwards);
        EndPoint named = new ProxyConnectionFactory.ProxyEndPoint(
                endPoint, endPoint.getLocalSocketAddress(), new CircuitAddress(circuit));
        endPoint.upgrade(next.newConnection(connector, named));
    }

    /** Puts the line before another protocol: first in the connector's list, with the other's name. */
    static final class Factory extends AbstractConnectionFactory {
        private static final Duration LINE_WAIT = Duration.ofSeconds(10);

        private final String next;
        private final CircuitWatch watch;
        private final Duration lineWait;

        Factory(String next, CircuitWatch watch) {
            this(next, watch, LINE_WAIT);
        }

        Factory(String next, CircuitWatch watch, Duration lineWait) {
            super("circuit");
            this.next = next;
            this.watch = watch;
            this.lineWait = lineWait;
        }

        @Override
        public Connection newConnection(Connector connector, EndPoint endPoint) {
            @Nullable ConnectionFactory following = connector.getConnectionFactory(next);
            if (following == null) {
                throw new IllegalStateException("the connector lacks " + next);
            }
            return configure(
                    new CircuitConnection(endPoint, connector, following, watch, lineWait), connector, endPoint);
        }
    }
}
