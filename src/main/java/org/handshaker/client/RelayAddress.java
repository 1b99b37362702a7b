// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a relay is and how it is reached: {@code http://127.0.0.1:8480}, {@code unix:/run/handshaker/relay.sock}, or
 * {@code http://….onion} through a SOCKS proxy. Whatever would need a name look-up on this machine is refused here.
 */
public final class RelayAddress {
    private static final Pattern IPV4 = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");
    /** Letters, digits and hyphens: anything else Jetty's SOCKS code would hand to the resolver of this machine. */
    private static final Pattern NAME = Pattern.compile("(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,62})(\\.[a-z0-9-]{1,63})*");

    private final String host;
    private final int port;
    private final @Nullable Path socket;
    private final @Nullable SocketAddress proxy;

    private RelayAddress(String host, int port, @Nullable Path socket, @Nullable SocketAddress proxy) {
        this.host = host;
        this.port = port;
        this.socket = socket;
        this.proxy = proxy;
    }

    /** Reads an address that is reached without a proxy. */
    public static RelayAddress parse(String relay) {
        return parse(relay, null);
    }

    /**
     * Reads an address and the SOCKS proxy to reach it through, {@code 127.0.0.1:9050} or
     * {@code unix:PATH}, if there is one.
     *
     * @throws IllegalArgumentException with one sentence for a person, if this is no address or cannot be reached in private
     */
    public static RelayAddress parse(String relay, @Nullable String socks) {
        if (relay.startsWith("unix:")) {
            if (socks != null) {
                throw new IllegalArgumentException("A Unix socket is not reached through a SOCKS proxy.");
            }
            return new RelayAddress("localhost", 80, path(relay.substring("unix:".length())), null);
        }
        URI uri = origin(relay);
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        int port = uri.getPort() == -1 ? 80 : uri.getPort();
        if (socks == null) {
            if (host.endsWith(".onion")) {
                throw new IllegalArgumentException("An onion address needs --socks HOST:PORT, the SOCKS port of tor.");
            }
            if (literal(host).filter(InetAddress::isLoopbackAddress).isEmpty()) {
                throw new IllegalArgumentException(
                        "Without a SOCKS proxy only a loopback address or unix:PATH is reached, not " + host + ".");
            }
            return new RelayAddress(host, port, null, null);
        }
        if (!NAME.matcher(host).matches()) {
            throw new IllegalArgumentException("This host cannot be reached through a SOCKS proxy: " + host);
        }
        return new RelayAddress(host, port, null, proxy(socks));
    }

    private static Path path(String text) {
        try {
            return Path.of(text).toAbsolutePath();
        } catch (InvalidPathException notAPath) {
            throw new IllegalArgumentException("This is not the path of a Unix socket: unix:" + text, notAPath);
        }
    }

    private static URI origin(String relay) {
        try {
            URI uri = URI.create(relay);
            boolean bare = uri.getPath() == null
                    || uri.getPath().isEmpty()
                    || uri.getPath().equals("/");
            if ("http".equalsIgnoreCase(uri.getScheme())
                    && uri.getHost() != null
                    && uri.getUserInfo() == null
                    && bare
                    && uri.getQuery() == null
                    && uri.getFragment() == null
                    && uri.getPort() <= 65_535) {
                return uri;
            }
        } catch (IllegalArgumentException notAUri) {
            throw notAnAddress(relay);
        }
        throw notAnAddress(relay);
    }

    private static IllegalArgumentException notAnAddress(String relay) {
        return new IllegalArgumentException(
                "A relay is http://HOST[:PORT] or unix:PATH, without a path behind it, not " + relay);
    }

    /** Reads {@code IP:PORT} or {@code unix:PATH}. */
    static SocketAddress proxy(String socks) {
        if (socks.startsWith("unix:")) {
            return UnixDomainSocketAddress.of(path(socks.substring("unix:".length())));
        }
        int colon = socks.lastIndexOf(':');
        if (colon > 0) {
            Optional<InetAddress> address = literal(socks.substring(0, colon));
            String digits = socks.substring(colon + 1);
            if (address.isPresent() && digits.matches("[0-9]{1,5}") && Integer.parseInt(digits) <= 65_535) {
                return new InetSocketAddress(address.get(), Integer.parseInt(digits));
            }
        }
        throw new IllegalArgumentException(
                "A SOCKS proxy is an IP address and a port, 127.0.0.1:9050, or unix:PATH, not " + socks);
    }

    /** The address a host spells out; empty for a name, which is never looked up. */
    static Optional<InetAddress> literal(String host) {
        try {
            if (host.equals("localhost")) {
                return Optional.of(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
            }
            if (host.equals("[::1]") || host.equals("::1")) {
                byte[] loopback = new byte[16];
                loopback[15] = 1;
                return Optional.of(InetAddress.getByAddress(loopback));
            }
            Matcher parts = IPV4.matcher(host);
            if (!parts.matches()) {
                return Optional.empty();
            }
            byte[] bytes = new byte[4];
            for (int i = 0; i < 4; i++) {
                int part = Integer.parseInt(parts.group(i + 1));
                if (part > 255) {
                    return Optional.empty();
                }
                bytes[i] = (byte) part;
            }
            return Optional.of(InetAddress.getByAddress(bytes));
        } catch (UnknownHostException wrongLength) {
            throw new IllegalStateException("four or sixteen bytes are an address", wrongLength);
        }
    }

    String host() {
        return host;
    }

    int port() {
        return port;
    }

    Optional<Path> socket() {
        return Optional.ofNullable(socket);
    }

    Optional<SocketAddress> proxy() {
        return Optional.ofNullable(proxy);
    }

    /** The address as a person would type it. */
    @Override
    public String toString() {
        return socket != null ? "unix:" + socket : "http://" + host + (port == 80 ? "" : ":" + port);
    }
}
