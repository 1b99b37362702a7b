// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.net.InetAddress;
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
        String host = tcp.group(1);
        return new Listen(null, host.replaceAll("[\\[\\]]", ""), Integer.parseInt(tcp.group(2)));
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
        try {
            return unixPath != null || InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException notAnAddress) {
            return false;
        }
    }

    @Override
    public String toString() {
        return unixPath != null ? "unix:" + unixPath : host + ":" + port;
    }
}
