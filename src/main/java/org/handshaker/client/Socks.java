// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.eclipse.jetty.client.Origin;
import org.eclipse.jetty.client.Socks5;
import org.eclipse.jetty.client.Socks5Proxy;
import org.eclipse.jetty.io.Transport;
import org.eclipse.jetty.util.SocketAddressResolver;

/** A SOCKS5 proxy (RFC 1928) as Jetty's client takes it, on TCP or a Unix socket, with credentials that isolate circuits. */
final class Socks {
    private Socks() {}

    static Socks5Proxy proxy(SocketAddress proxy, String username, String password) {
        Socks5Proxy socks = proxy instanceof UnixDomainSocketAddress unix
                ? new OnUnixSocket(unix.getPath())
                : new Socks5Proxy(tcp((InetSocketAddress) proxy), false);
        // Without this method on offer a proxy cannot choose the other one, and isolation cannot be lost unseen.
        socks.removeAuthenticationFactory((byte) 0x00);
        socks.putAuthenticationFactory(new Socks5.UsernamePasswordAuthenticationFactory(username, password));
        return socks;
    }

    private static Origin.Address tcp(InetSocketAddress proxy) {
        return new Origin.Address(proxy.getAddress().getHostAddress(), proxy.getPort());
    }

    /** As the operator wrote it: {@code IP:PORT} or {@code unix:PATH}. */
    static String place(SocketAddress proxy) {
        return proxy instanceof InetSocketAddress tcp
                ? tcp.getAddress().getHostAddress() + ":" + tcp.getPort()
                : "unix:" + proxy;
    }

    /** Takes what spells out an address; a name is never looked up here. */
    static SocketAddressResolver literalsOnly() {
        return (host, port, context, promise) -> RelayAddress.literal(host)
                .ifPresentOrElse(
                        literal -> promise.succeeded(List.of(new InetSocketAddress(literal, port))),
                        () -> promise.failed(new IOException("a name is never looked up here")));
    }

    /** Jetty has no word for it: the same, with another way to its origin. */
    private static final class OnUnixSocket extends Socks5Proxy {
        private final Origin way;

        private OnUnixSocket(Path socket) {
            super(new Origin.Address("localhost", 0), false);
            this.way = new Origin("http", super.getAddress(), null, super.getProtocol(), new Transport.TCPUnix(socket));
        }

        @Override
        public Origin getOrigin() {
            return way;
        }
    }
}
