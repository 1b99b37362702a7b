// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * A whole Tor network of its own on 127.0.0.1: one directory authority, four relays and a client, all real tor processes with
 * fresh keys in a temporary directory, none of which outlives this JVM. It takes about 12 s to come up. Tests share one per
 * run: {@code @ExtendWith(TorNetwork.Shared.class)} and a parameter of type {@code TorNetwork}.
 *
 * <p>An onion circuit needs three hops and a target, all different; five nodes leave one to spare. No node can leave loopback.
 */
public final class TorNetwork implements AutoCloseable {
    private static final int RELAYS = 4;
    private static final int VOTING_SECONDS = 300;
    private static final int ATTEMPTS = 3;
    /** From the moment when every relay is known to the first consensus; 2 s of it is the vote's own delay. */
    private static final int CONSENSUS_SECONDS = 6;

    private final Path root;
    private final Deque<TorNode> nodes = new ArrayDeque<>();
    private final List<String> testingLines;
    private final int socksPort;

    private TorNetwork(Path root) throws IOException {
        this.root = root;
        boolean up = false;
        try {
            int[] ports = freePorts(2 + RELAYS);
            Path authority = TorNode.directory(root, "authority");
            String trusted = authorityKeys(authority, ports[0], ports[1]);
            // Fast loopback teaches tor a circuit timeout of milliseconds, after which it reaches no onion any more:
            // hence a fixed one. FetchDirInfoEarly: otherwise a newcomer waits 10 s for its descriptors.
            this.testingLines = List.of(
                    "TestingTorNetwork 1",
                    trusted,
                    "OutboundBindAddress 127.0.0.1",
                    "PathsNeededToBuildCircuits 0.67",
                    "FetchDirInfoEarly 1",
                    "LearnCircuitBuildTimeout 0",
                    "CircuitBuildTimeout 10",
                    "KISTSchedRunInterval 1 msec",
                    "ShutdownWaitLength 0");
            startRelays(authority, trusted, ports);
            makeConsensus();
            // Only now: who asks before there is a consensus backs off for seconds.
            TorNode client = join("client", List.of("SocksPort 127.0.0.1:auto"));
            client.awaitBootstrapped();
            this.socksPort = client.socksPort();
            up = true;
        } finally {
            if (!up) {
                close();
            }
        }
    }

    /** Starts a network, and another one if it does not come up. */
    public static TorNetwork start() {
        requireTor();
        IllegalStateException last = new IllegalStateException("not tried");
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                return new TorNetwork(Files.createTempDirectory("tornet"));
            } catch (IOException failed) {
                throw new IllegalStateException("the private Tor network could not be set up", failed);
            } catch (RuntimeException | AssertionError incomplete) {
                last = new IllegalStateException("the private Tor network did not come up", incomplete);
            }
        }
        throw last;
    }

    /** The lines that bring another tor, such as the relay's own, into this network. */
    public List<String> testingLines() {
        return testingLines;
    }

    /** The SOCKS port of the client tor, on 127.0.0.1. */
    public int socksPort() {
        return socksPort;
    }

    /** Starts one more tor in this network; it ends with the network, or earlier by its own close. */
    public TorNode join(String name, List<String> lines) throws IOException {
        Path directory = TorNode.directory(root, name);
        List<String> torrc = common(directory);
        torrc.addAll(testingLines);
        torrc.addAll(List.of("ClientOnly 1", "NumCPUs 1"));
        torrc.addAll(lines);
        TorNode node = TorNode.start(directory, torrc);
        nodes.push(node);
        return node;
    }

    /** One more client of this network, ready to be used. */
    public TorNode client(String name) throws IOException {
        TorNode client = join(name, List.of("SocksPort 127.0.0.1:auto"));
        client.awaitBootstrapped();
        return client;
    }

    /** An onion in front of {@code target}, by a plain torrc, reachable when this returns. */
    public String publish(String name, int virtualPort, String target) throws IOException {
        return publish(name, List.of("HiddenServicePort " + virtualPort + " " + target));
    }

    /** The same, with lines of its own behind its directory. */
    public String publish(String name, List<String> serviceLines) throws IOException {
        Path onion = root.resolve(name).resolve("onion");
        List<String> lines = new ArrayList<>(List.of("SocksPort 0", "HiddenServiceDir " + onion));
        lines.addAll(serviceLines);
        TorNode node = join(name, lines);
        Path hostname = onion.resolve("hostname");
        Await.until("the key of " + name, 30, () -> Files.exists(hostname) && Files.exists(node.controlSocket()));
        String address = Files.readString(hostname).strip();
        node.awaitPublished(address);
        return address;
    }

    @Override
    public void close() {
        while (!nodes.isEmpty()) {
            nodes.pop().close();
        }
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException leftOver) {
            throw new IllegalStateException("the private Tor network could not be removed", leftOver);
        }
    }

    private void startRelays(Path authority, String trusted, int[] ports) throws IOException {
        List<String> authorityLines = relay(authority, "authority", ports[0], trusted);
        authorityLines.addAll(List.of(
                "DirPort 127.0.0.1:" + ports[1],
                "AuthoritativeDirectory 1",
                "V3AuthoritativeDirectory 1",
                "ContactInfo nobody@invalid",
                "TestingV3AuthInitialVotingInterval " + VOTING_SECONDS,
                "TestingV3AuthInitialVoteDelay 2",
                "TestingV3AuthInitialDistDelay 2",
                "V3AuthVotingInterval " + VOTING_SECONDS,
                "V3AuthVoteDelay 2",
                "V3AuthDistDelay 2",
                "V3AuthNIntervalsValid 3",
                "TestingDirAuthVoteExit *",
                "TestingDirAuthVoteGuard *",
                "TestingDirAuthVoteHSDir *",
                "TestingMinExitFlagThreshold 0",
                // As far away as can be; makeConsensus() calls the vote.
                "TestingV3AuthVotingStartOffset " + startOffset(-30)));
        nodes.push(TorNode.start(authority, authorityLines));
        for (int i = 1; i <= RELAYS; i++) {
            Path directory = TorNode.directory(root, "relay" + i);
            List<String> lines = relay(directory, "relay" + i, ports[1 + i], trusted);
            lines.add("DirPort 0");
            nodes.push(TorNode.start(directory, lines));
        }
    }

    /**
     * Calls the first vote when every relay has uploaded its descriptor, and not before: what is not in the first consensus
     * waits a whole voting interval for the next.
     */
    private void makeConsensus() throws IOException {
        TorNode authority = nodes.getLast();
        Await.until(
                "descriptors of all relays", 60, () -> count(authority, "desc/all-recent", "router ") == 1 + RELAYS);
        authority.command("SETCONF TestingV3AuthVotingStartOffset=" + startOffset(CONSENSUS_SECONDS));
        Await.until("the first consensus", CONSENSUS_SECONDS + 20, () -> count(authority, "ns/all", "r ") > 0);
        if (count(authority, "ns/all", "r ") != 1 + RELAYS) {
            throw new IllegalStateException("the first consensus lacks relays");
        }
    }

    /** Where the grid of consensuses must begin for one of them to be made in {@code seconds}. */
    private static long startOffset(int seconds) {
        return Math.floorMod(Instant.now().getEpochSecond() + seconds, (long) VOTING_SECONDS);
    }

    private static long count(TorNode node, String key, String start) {
        return node.info(key).stream().filter(line -> line.startsWith(start)).count();
    }

    private static List<String> relay(Path directory, String nickname, int orPort, String trusted) throws IOException {
        rememberBandwidth(directory);
        List<String> lines = common(directory);
        lines.addAll(List.of(
                "TestingTorNetwork 1",
                trusted,
                "OutboundBindAddress 127.0.0.1",
                "PathsNeededToBuildCircuits 0.67",
                "KISTSchedRunInterval 1 msec",
                "Nickname " + nickname,
                "SocksPort 0",
                "Address 127.0.0.1",
                "ORPort 127.0.0.1:" + orPort,
                "ExitRelay 0",
                "AssumeReachable 1",
                "ServerDNSDetectHijacking 0",
                "ServerDNSTestAddresses",
                "ServerDNSResolvConfFile /dev/null",
                "NumCPUs 1",
                "MaxMemInQueues 256 MB",
                "ShutdownWaitLength 0"));
        return lines;
    }

    /**
     * Gives a relay a past of one megabyte a second. Without it all relays weigh nothing, except, now and then, the authority
     * that has just served them; it would then be both ends of every circuit, and no circuit would be built.
     */
    private static void rememberBandwidth(Path directory) throws IOException {
        String lately = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss")
                .withZone(ZoneOffset.UTC)
                .format(Instant.now().minusSeconds(60));
        List<String> lines = new ArrayList<>();
        for (String way : List.of("Read", "Write")) {
            lines.add("BWHistory" + way + "Ends " + lately);
            lines.add("BWHistory" + way + "Interval 86400");
            lines.add("BWHistory" + way + "Values 86400000000");
            lines.add("BWHistory" + way + "Maxima 1000000");
        }
        Files.write(directory.resolve("state"), lines);
    }

    private static List<String> common(Path directory) {
        return new ArrayList<>(List.of(
                "DataDirectory " + directory,
                "Log notice file " + directory.resolve("notice.log"),
                "AvoidDiskWrites 1",
                "ControlSocket " + directory.resolve("control"),
                "CookieAuthentication 1",
                "__OwningControllerProcess " + ProcessHandle.current().pid()));
    }

    /** Makes the authority's keys and returns the line by which every node trusts it. */
    private static String authorityKeys(Path directory, int orPort, int dirPort) throws IOException {
        Path keys = TorNode.directory(directory, "keys");
        Path certificate = keys.resolve("authority_certificate");
        run(
                "tor-gencert",
                "--create-identity-key",
                "--passphrase-fd",
                "0",
                "-m",
                "12",
                "-a",
                "127.0.0.1:" + dirPort,
                "-i",
                keys.resolve("authority_identity_key").toString(),
                "-s",
                keys.resolve("authority_signing_key").toString(),
                "-c",
                certificate.toString());
        String identity = Files.readAllLines(certificate).stream()
                .filter(line -> line.startsWith("fingerprint "))
                .findFirst()
                .orElseThrow()
                .substring("fingerprint ".length());
        String listed = run(
                "tor",
                "-f",
                "-",
                "--ignore-missing-torrc",
                "--defaults-torrc",
                "/dev/null",
                "--quiet",
                "--orport",
                "1",
                "--datadirectory",
                directory.toString(),
                "--list-fingerprint");
        String fingerprint =
                listed.strip().lines().reduce((first, second) -> second).orElseThrow();
        return "DirAuthority authority orport=" + orPort + " v3ident=" + identity + " 127.0.0.1:" + dirPort + " "
                + fingerprint.substring(fingerprint.indexOf(' ') + 1).replace(" ", "");
    }

    private static void requireTor() {
        try {
            run("tor", "--version");
            run("tor-gencert", "--help");
        } catch (IOException absent) {
            throw new IllegalStateException("this test needs a real tor: install the package 'tor'", absent);
        }
    }

    private static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (OutputStream in = process.getOutputStream()) {
            in.write("\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException notInterested) {
            // It ended before it read its input; what it printed tells.
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException(command[0] + " did not end");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
        return output;
    }

    /** Ports that are free now; all are held until the last is known, so that they differ. */
    private static int[] freePorts(int count) throws IOException {
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                held.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            return held.stream().mapToInt(ServerSocket::getLocalPort).toArray();
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
    }

    /** Hands one network to every test of the run that asks for it, and takes it down at the end of the run. */
    public static final class Shared implements ParameterResolver {
        private static final ExtensionContext.Namespace PLACE = ExtensionContext.Namespace.create(TorNetwork.class);

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == TorNetwork.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context.getRoot()
                    .getStore(PLACE)
                    .computeIfAbsent(TorNetwork.class, key -> TorNetwork.start(), TorNetwork.class);
        }
    }
}
