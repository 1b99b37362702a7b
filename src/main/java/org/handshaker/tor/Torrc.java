// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What our own tor is told. A client of the network and host of one anonymous onion, nothing else: no relay, no log, no port
 * but two private Unix sockets. Its defences: proof of work under load where this tor can, a rate limit at the introduction points, a bound of streams
 * per circuit, and circuit ids for our own limits. There is no secret in it.
 */
final class Torrc {
    static final int STREAMS_PER_CIRCUIT_MAX = 64;
    /** Room in a {@code sockaddr_un}, the closing zero taken off. */
    private static final int UNIX_PATH_BYTES_MAX = 107;

    private static final String OFFLINE = "DisableNetwork 1";

    private Torrc() {}

    enum ProofOfWork {
        KNOWN,
        UNKNOWN
    }

    /**
     * Its last line keeps tor off the network, until it has proved that nothing of this was changed by {@code extra}.
     *
     * @param state tor's own directory, with the sockets in it
     */
    static List<String> managed(Path state, Path onion, SocketAddress target, ProofOfWork pow, List<String> extra)
            throws IOException {
        ServiceProof.requireAnonymous(extra);
        List<String> lines = new ArrayList<>(List.of(
                "DataDirectory " + quoted(state),
                "ControlSocket " + quoted(requireShort(controlSocket(state))),
                "CookieAuthentication 1",
                // For our own look from outside; in a directory that nobody else may enter.
                "SocksPort unix:" + quoted(requireShort(socksSocket(state))),
                "ClientOnly 1",
                "SafeLogging 1",
                "AvoidDiskWrites 1",
                "ShutdownWaitLength 0",
                "__OwningControllerProcess " + ProcessHandle.current().pid()));
        // Before the onion's block: lines after HiddenServiceDir belong to it.
        lines.addAll(extra);
        lines.addAll(List.of(
                "HiddenServiceDir " + quoted(onion),
                "HiddenServiceVersion 3",
                "HiddenServicePort 80 " + target(target),
                "HiddenServiceExportCircuitID haproxy",
                "HiddenServiceMaxStreams " + STREAMS_PER_CIRCUIT_MAX,
                "HiddenServiceEnableIntroDoSDefense 1"));
        if (pow == ProofOfWork.KNOWN) {
            lines.add("HiddenServicePoWDefensesEnabled 1");
        }
        lines.add(OFFLINE);
        return lines;
    }

    /** The same once tor may go on the network; what a reload shall find. */
    static List<String> online(List<String> managed) {
        return managed.subList(0, managed.size() - 1);
    }

    static Path controlSocket(Path state) {
        return state.resolve("control");
    }

    static Path socksSocket(Path state) {
        return state.resolve("socks");
    }

    /** Where tor brings the streams to, as a torrc writes it; only what cannot be reached from another machine. */
    static String target(SocketAddress address) throws IOException {
        return address instanceof UnixDomainSocketAddress unix
                ? "unix:" + quoted(requireShort(unix.getPath()))
                : loopback(address);
    }

    /** The same for {@code ADD_ONION}, whose arguments know no quotes. */
    static String bareTarget(SocketAddress address) throws IOException {
        if (!(address instanceof UnixDomainSocketAddress unix)) {
            return loopback(address);
        }
        String path = requireShort(unix.getPath()).toString();
        if (!path.chars().allMatch(c -> c > ' ' && c < 127 && c != '"' && c != '\\')) {
            throw new IOException(
                    "tor's control port takes no blanks or quotes in a path: choose another data directory");
        }
        return "unix:" + path;
    }

    private static String loopback(SocketAddress address) throws IOException {
        if (address instanceof InetSocketAddress inet
                && !inet.isUnresolved()
                && inet.getAddress().isLoopbackAddress()
                && inet.getPort() != 0) {
            String host = inet.getAddress() instanceof Inet4Address number ? number.getHostAddress() : "[::1]";
            return host + ":" + inet.getPort();
        }
        throw new IOException("tor may bring its streams only to a Unix socket or to a loopback address with a port");
    }

    private static Path requireShort(Path socket) throws IOException {
        Path absolute = socket.toAbsolutePath();
        if (absolute.toString().getBytes(StandardCharsets.UTF_8).length > UNIX_PATH_BYTES_MAX) {
            throw new IOException("the path of a Unix socket is longer than " + UNIX_PATH_BYTES_MAX
                    + " bytes: choose a data directory with a shorter path");
        }
        return absolute;
    }

    /** A path as a quoted string, so that blanks and {@code #} are part of it. */
    private static String quoted(Path path) throws IOException {
        String text = path.toAbsolutePath().toString();
        if (text.chars().anyMatch(c -> c < ' ' || c == 127)) {
            throw new IOException("a path has control characters");
        }
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
