// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Executor;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SelectorManager;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;

/** Jetty's connectors, with each read of a connection made a {@link Turn}. */
final class Connectors {
    private Connectors() {}

    static final class Tcp extends ServerConnector {
        Tcp(Server server, ConnectionFactory... factories) {
            super(server, 1, 1, factories);
        }

        @Override
        protected SocketChannelEndPoint newEndPoint(SocketChannel channel, ManagedSelector selector, SelectionKey key) {
            SocketChannelEndPoint endPoint = new TurningEndPoint(channel, selector, key, getScheduler());
            endPoint.setIdleTimeout(getIdleTimeout());
            return endPoint;
        }
    }

    static final class Unix extends UnixDomainServerConnector {
        Unix(Server server, ConnectionFactory... factories) {
            super(server, factories);
        }

        @Override
        protected SelectorManager newSelectorManager(Executor executor, Scheduler scheduler, int selectors) {
            return new UnixDomainSelectorManager(executor, scheduler, selectors) {
                @Override
                protected EndPoint newEndPoint(SelectableChannel channel, ManagedSelector selector, SelectionKey key) {
                    EndPoint endPoint = new TurningEndPoint((SocketChannel) channel, selector, key, getScheduler());
                    endPoint.setIdleTimeout(getIdleTimeout());
                    return endPoint;
                }
            };
        }
    }

    private static final class TurningEndPoint extends SocketChannelEndPoint {
        TurningEndPoint(SocketChannel channel, ManagedSelector selector, SelectionKey key, Scheduler scheduler) {
            super(channel, selector, key, scheduler);
        }

        @Override
        public void fillInterested(Callback callback) {
            super.fillInterested(Turn.around(callback));
        }

        @Override
        public boolean tryFillInterested(Callback callback) {
            return super.tryFillInterested(Turn.around(callback));
        }
    }
}
