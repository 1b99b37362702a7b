// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a program and its children asked of the system about networks and names, written down by strace. The tracer is a child
 * of its own, so that the program keeps its number and hears signals as ever.
 */
public final class SystemCalls {
    private static final Pattern INTERNET =
            Pattern.compile("^\\d+ +(?:connect|sendto|sendmsg|sendmmsg)\\(.*sa_family=AF_INET6?, .*");
    /**
     * How a tor that finds no interface but loopback asks the system which of its addresses would be used: by a datagram socket
     * that it connects, which sends nothing, and closes (tor's get_interface_address6_via_udp_socket_hack).
     */
    private static final Pattern TORS_QUESTION =
            Pattern.compile("htons\\(9\\), (?:sin_addr=inet_addr\\(\"18\\.0\\.0\\.1\"\\)|.*AF_INET6, \"2002::\")");

    private static final Pattern LOOPBACK = Pattern.compile(
            "inet_addr\\(\"127\\.\\d+\\.\\d+\\.\\d+\"\\)|AF_INET6, \"::(?:ffff:127\\.\\d+\\.\\d+\\.\\d+|1)\"");

    /** A tor of {@link TorNetwork}'s own: what stands for the world outside, and reads the names of hosts when it starts. */
    private static final Pattern OUTSIDER =
            Pattern.compile("^(\\d+) +execve\\(.*\"--defaults-torrc\", \"/dev/null\", \"-f\".*/tornet.*");

    private final List<String> lines;

    private SystemCalls(List<String> lines) {
        this.lines = lines;
    }

    /** What to write before a command to have its calls written to {@code trace}. */
    public static List<String> tracing(Path trace) {
        return List.of(
                "strace",
                "-D",
                "-f",
                "-qq",
                "-s",
                "64",
                "-e",
                "trace=connect,sendto,sendmsg,sendmmsg,open,openat",
                "-o",
                trace.toString());
    }

    public static SystemCalls read(Path trace) throws IOException {
        return new SystemCalls(Files.readAllLines(trace));
    }

    /** Whether a file whose path ends so was opened: a sign that its program was there. */
    public boolean hasOpened(String ending) {
        return lines.stream().anyMatch(line -> line.contains(" open") && line.contains(ending + "\""));
    }

    /** Connections to Unix sockets and loopback addresses, tried or made. */
    public long localConnections() {
        return lines.stream()
                .filter(line -> line.contains(" connect("))
                .filter(line -> line.contains("sa_family=AF_UNIX")
                        || LOOPBACK.matcher(line).find())
                .count();
    }

    /** Whatever was sent, or tried to be sent, to an address that is not this machine's own. */
    public List<String> leavingTheMachine() {
        return internet()
                .filter(line -> !LOOPBACK.matcher(line).find())
                .filter(line -> !TORS_QUESTION.matcher(line).find())
                .toList();
    }

    /**
     * Whatever has to do with looking up a name: a question to port 53, the resolver's configuration, its daemons. What the
     * test's own Tor network reads is not the relay's doing.
     */
    public List<String> lookUps() {
        Set<String> outsiders = lines.stream()
                .map(OUTSIDER::matcher)
                .filter(Matcher::matches)
                .map(match -> match.group(1))
                .collect(Collectors.toSet());
        return lines.stream()
                .filter(line -> !outsiders.contains(line.substring(0, Math.max(0, line.indexOf(' ')))))
                .filter(line -> line.contains("htons(53)")
                        || line.contains("\"/etc/resolv.conf\"")
                        || line.contains("\"/etc/hosts\"")
                        // Asked of a caching daemon, which would ask in our place.
                        || line.contains("hosts\\0")
                        || line.contains("systemd/resolve"))
                .toList();
    }

    private Stream<String> internet() {
        return lines.stream().filter(line -> INTERNET.matcher(line).matches());
    }
}
