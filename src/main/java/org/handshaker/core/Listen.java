// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Where the relay listens: {@code unix:PATH} or {@code IP:PORT}, an address and never a name, so that nothing is looked up. */
public record Listen(@Nullable Path unixPath, String host, int port) {
    /** The kernel's bound on the path of a Unix socket, less its final zero. */
    private static final int UNIX_PATH_BYTES_MAX = 107;

    private static final Pattern TCP =
            Pattern.compile("(\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[0-9a-fA-F:]{2,39}]):(\\d{1,5})");

    public static Listen parse(String text) {
        if (text.startsWith("unix:")) {
            Path path = path(text.substring("unix:".length()));
            if (text.length() == "unix:".length()
                    || path.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8).length > UNIX_PATH_BYTES_MAX) {
                throw new Unusable("A Unix socket needs a path of at most " + UNIX_PATH_BYTES_MAX + " bytes.");
            }
            return new Listen(path, "", 0);
        }
        Matcher tcp = TCP.matcher(text);
        if (!tcp.matches() || Integer.parseInt(tcp.group(2)) > 65_535) {
            throw new Unusable("Listen on IP:PORT (such as 127.0.0.1:8480) or unix:PATH.");
        }
        Listen listen = new Listen(null, tcp.group(1).replaceAll("[\\[\\]]", ""), Integer.parseInt(tcp.group(2)));
        if (!listen.isLiteral()) {
            throw new Unusable("Listen on IP:PORT (such as 127.0.0.1:8480) or unix:PATH.");
        }
        return listen;
    }

    /** Whether it spells out an address: the resolver would take 999.1.1.1 for a name and ask the network for it. */
    private boolean isLiteral() {
        if (host.contains(":")) {
            return isKnown();
        }
        for (String part : host.split("\\.", -1)) {
            if (Integer.parseInt(part) > 255) {
                return false;
            }
        }
        return true;
    }

    private boolean isKnown() {
        try {
            // With a colon in it the resolver takes it for an address or for nothing.
            InetAddress unused = InetAddress.getByName(host);
            return true;
        } catch (UnknownHostException notAnAddress) {
            return false;
        }
    }

    private static Path path(String text) {
        try {
            return Path.of(text).toAbsolutePath();
        } catch (InvalidPathException impossible) {
            throw new Unusable("This is no path.", impossible);
        }
    }

    /** Whether only this machine can reach it. */
    public boolean isLocal() {
        return unixPath != null || inet().isLoopbackAddress();
    }

    /** As an address of the system's; nothing is looked up for it. */
    public SocketAddress address() {
        return unixPath != null ? UnixDomainSocketAddress.of(unixPath) : new InetSocketAddress(inet(), port);
    }

    /** The one place where the resolver is called, and with an address only. */
    private InetAddress inet() {
        try {
            return InetAddress.getByName(host);
        } catch (UnknownHostException notAnAddress) {
            throw new IllegalStateException("a listener has a literal address", notAnAddress);
        }
    }

    @Override
    public String toString() {
        return unixPath != null ? "unix:" + unixPath : host + ":" + port;
    }
}
