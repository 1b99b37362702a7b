// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.handshaker.support.Await;
import org.handshaker.support.OnionHttp;
import org.handshaker.support.TorNetwork;
import org.handshaker.support.TorNode;
import org.handshaker.support.UnixResponder;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@Tag("tor")
@ExtendWith(TorNetwork.Shared.class)
final class ManagedOnionTest {
    private static final Pattern CIRCUIT =
            Pattern.compile("PROXY TCP6 (fc00:dead:beef:4dad::[0-9a-f:]+) ::1 \\d+ 80\r\n");

    private static final SocketAddress NOBODY_LISTENS = new InetSocketAddress(InetAddress.getLoopbackAddress(), 9);

    @TempDir
    Path data;

    @Test
    void isReachableAndComesBackWithTheSameAddress(TorNetwork network) throws IOException {
        try (UnixResponder relay = new UnixResponder(data.resolve("relay socket"))) {
            String first;
            Heard heard = new Heard();
            try (ManagedOnion onion = new ManagedOnion(settings(network, relay.address()), heard)) {
                onion.start();
                first = Heard.within(heard.address);
                Heard.within(heard.published);
                assertTrue(onion.isPublished());
                assertTrue(heard.percents().contains(100), () -> "bootstrap told " + heard.percents());
                String alice = circuit(OnionHttp.get(network.socksPort(), "alice", first, "/"));
                String bob = circuit(OnionHttp.get(network.socksPort(), "bob", first, "/"));
                assertEquals(alice, circuit(OnionHttp.get(network.socksPort(), "alice", first, "/")));
                assertFalse(alice.equals(bob), "two clients came over one circuit");
            }
            assertNoTorOf(data);
            Heard again = new Heard();
            try (ManagedOnion onion = new ManagedOnion(settings(network, relay.address()), again)) {
                onion.start();
                assertEquals(first, Heard.within(again.address));
                Heard.within(again.published);
                assertTrue(
                        OnionHttp.get(network.socksPort(), "carol", first, "/").startsWith("HTTP/1.1 200 "));
            }
            assertNoTorOf(data);
            assertFalse(heard.gone.isDone(), "closing is no news");
        }
    }

    @Test
    void tellsWhenItsTorDies(TorNetwork network) throws IOException {
        Heard heard = new Heard();
        try (ManagedOnion onion = new ManagedOnion(settings(network, NOBODY_LISTENS), heard)) {
            onion.start();
            Heard.within(heard.address);
            torsOf(data).forEach(ProcessHandle::destroyForcibly);
            assertTrue(Heard.within(heard.gone).contains("tor ended with status 137"));
            assertFalse(onion.isPublished());
        }
        assertNoTorOf(data);
    }

    @Test
    void keepsItsDirectoriesToItselfAndNoSecretInItsTorrc(TorNetwork network) throws IOException {
        Heard heard = new Heard();
        try (ManagedOnion onion = new ManagedOnion(settings(network, NOBODY_LISTENS), heard)) {
            onion.start();
            Heard.within(heard.address);
            for (String directory : List.of("tor", "onion")) {
                assertEquals("rwx------", mode(data.resolve(directory)));
            }
            for (String file : List.of("tor/torrc", "tor/control_auth_cookie", "onion/hs_ed25519_secret_key")) {
                assertEquals("rw-------", mode(data.resolve(file)), file);
            }
            String torrc = Files.readString(data.resolve("tor/torrc"));
            assertTrue(torrc.contains("HiddenServiceExportCircuitID haproxy"));
            assertTrue(torrc.contains("HiddenServicePoWDefensesEnabled 1"));
            assertTrue(torrc.contains("HiddenServiceEnableIntroDoSDefense 1"));
            assertTrue(torrc.contains("HiddenServiceMaxStreams 64"));
            assertFalse(torrc.contains("NonAnonymous"));
        }
    }

    /** kill -9 runs no shutdown hook: tor itself notices that we are gone. */
    @Test
    void leavesNoTorBehindWhenTheRelayIsKilled(TorNetwork network) throws IOException {
        Path extra = Files.write(data.resolve("extra"), network.testingLines());
        Process relay = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        OnionHost.class.getName(),
                        data.toString(),
                        extra.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader output = relay.inputReader()) {
            String onion = output.readLine();
            assertTrue(onion != null && onion.endsWith(".onion"), onion);
            List<ProcessHandle> tors = relay.descendants().toList();
            assertEquals(1, tors.size());
            relay.destroyForcibly();
            Await.until("tor's end", 20, () -> tors.stream().noneMatch(ProcessHandle::isAlive));
        } finally {
            relay.destroyForcibly();
        }
    }

    @Test
    void closesWhileItStarts(TorNetwork network) throws IOException {
        Heard heard = new Heard();
        ManagedOnion onion = new ManagedOnion(settings(network, NOBODY_LISTENS), heard);
        onion.start();
        onion.close();
        onion.close();
        assertNoTorOf(data);
        assertFalse(heard.gone.isDone());
    }

    @Test
    void saysWhichPackageIsMissing() {
        Heard heard = new Heard();
        try (ManagedOnion onion =
                new ManagedOnion(new ManagedOnion.Settings("no-such-tor", data, NOBODY_LISTENS, null), heard)) {
            onion.start();
            assertTrue(Heard.within(heard.gone).contains("install the package tor"));
        }
    }

    @Test
    void saysWhereToLookWhenTorRefusesItsTorrc() throws IOException {
        Path extra = Files.writeString(data.resolve("extra"), "NoSuchOption 1\n");
        Heard heard = new Heard();
        try (ManagedOnion onion =
                new ManagedOnion(new ManagedOnion.Settings("tor", data, NOBODY_LISTENS, extra), heard)) {
            onion.start();
            assertTrue(Heard.within(heard.gone).contains("--verify-config"));
        }
    }

    @Test
    void startsNoTorThatGivesAwayWhereItIs() throws IOException {
        Path extra = Files.writeString(
                data.resolve("extra"), "hiddenservicenonanonymousmode 1\nHiddenServiceSingleHopMode 1\n");
        Heard heard = new Heard();
        try (ManagedOnion onion =
                new ManagedOnion(new ManagedOnion.Settings("tor", data, NOBODY_LISTENS, extra), heard)) {
            onion.start();
            assertTrue(Heard.within(heard.gone).contains("give away where the relay is"));
            assertFalse(Files.exists(data.resolve("tor/torrc")), "no tor was started");
        }
    }

    /** What is written elsewhere and included is found by asking tor, before it has spoken to anybody. */
    @Test
    void goesOnNoNetworkBeforeItHasProvedItself() throws IOException {
        Path included = Files.writeString(data.resolve("included"), "HiddenServiceSingleHopMode 1\n");
        Path extra = Files.writeString(data.resolve("extra"), "%include " + included + "\nDisableNetwork 0\n");
        Heard heard = new Heard();
        try (ManagedOnion onion =
                new ManagedOnion(new ManagedOnion.Settings("tor", data, NOBODY_LISTENS, extra), heard)) {
            onion.start();
            Heard.within(heard.gone);
            assertEquals(List.of(), heard.percents());
        }
    }

    @Test
    void findsAnOnionThatDoesNotNameItsCircuits(TorNetwork network) throws Exception {
        Path service = data.resolve("service");
        String target = "unix:" + data.resolve("sock");
        try (TorNode tor = network.join(
                "unnamed",
                List.of(
                        "SocksPort 0",
                        "HiddenServiceDir " + service,
                        "HiddenServicePort 80 " + target,
                        "HiddenServiceDir " + data.resolve("other"),
                        "HiddenServicePort 80 " + target,
                        "HiddenServiceExportCircuitID haproxy"))) {
            Await.until("the control socket", 20, () -> Files.exists(tor.controlSocket()));
            try (ControlPort control =
                    ControlPort.connect(UnixDomainSocketAddress.of(tor.controlSocket()), event -> {})) {
                control.authenticate();
                ServiceProof.requireAnonymous(control);
                ServiceProof.requireCircuits(control, data.resolve("other"), target);
                UnsafeTor unnamed =
                        assertThrows(UnsafeTor.class, () -> ServiceProof.requireCircuits(control, service, target));
                assertTrue(String.valueOf(unnamed.getMessage()).contains("does not name circuits"));
                assertThrows(
                        UnsafeTor.class,
                        () -> ServiceProof.requireCircuits(control, data.resolve("other"), "127.0.0.1:80"));
            }
        }
    }

    @Test
    void bringsStreamsToNoOtherMachine() throws IOException {
        Heard heard = new Heard();
        SocketAddress target = new InetSocketAddress(InetAddress.getByAddress(new byte[] {(byte) 192, 0, 2, 1}), 80);
        try (ManagedOnion onion = new ManagedOnion(new ManagedOnion.Settings("tor", data, target, null), heard)) {
            onion.start();
            assertTrue(Heard.within(heard.gone).contains("loopback"));
        }
    }

    private ManagedOnion.Settings settings(TorNetwork network, SocketAddress target) throws IOException {
        Path extra = Files.write(data.resolve("extra"), network.testingLines());
        return new ManagedOnion.Settings("tor", data, target, extra);
    }

    private static String circuit(String answer) {
        Matcher line = CIRCUIT.matcher(answer);
        assertTrue(line.find(), answer);
        return line.group(1);
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    private static List<ProcessHandle> torsOf(Path data) {
        return ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().commandLine().orElse("").contains(data.toString()))
                .toList();
    }

    private static void assertNoTorOf(Path data) {
        Await.until("no tor left", 5, () -> torsOf(data).isEmpty());
    }
}
