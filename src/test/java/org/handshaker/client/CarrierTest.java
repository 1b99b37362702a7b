// SPDX-License-Identifier: MIT
package org.handshaker.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.handshaker.client.ScriptedRelay.Said;
import org.handshaker.support.SocksProxy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CarrierTest {
    private static final String ONION = "b".repeat(56) + ".onion";
    private static final String OK = "{\"status\":\"ok\"}";

    @TempDir
    private Path directory = Path.of("");

    @Test
    void sendsTheNameToTheProxyAndLooksNothingUp() {
        try (ScriptedRelay relay = ScriptedRelay.answering(asked -> Said.ok(OK));
                SocksProxy proxy = SocksProxy.forwardingTo(relay.port())) {
            assertEquals("ok", health("http://" + ONION, proxy));
            SocksProxy.Asked asked = proxy.asked().get(0);
            // No machine resolves an onion: that the call came through means that nobody here tried.
            assertEquals(3, asked.addressType());
            assertEquals(ONION, asked.host());
            assertEquals(80, asked.port());
        }
    }

    @Test
    void showsTheProxyRandomCredentialsPerCarrierAndNeverTheUserOfThisMachine() {
        try (ScriptedRelay relay = ScriptedRelay.answering(asked -> Said.ok(OK));
                SocksProxy proxy = SocksProxy.forwardingTo(relay.port())) {
            health("http://" + ONION, proxy);
            health("http://" + ONION, proxy);
            SocksProxy.Asked first = proxy.asked().get(0);
            SocksProxy.Asked second = proxy.asked().get(1);
            assertEquals(List.of(2), first.methods(), "offering no sign-in would let a proxy drop the isolation");
            assertEquals(43, first.username().length());
            assertNotEquals(System.getProperty("user.name"), first.username());
            assertNotEquals(first.username(), second.username());
            assertNotEquals(first.password(), second.password());
        }
    }

    @Test
    void tellsTheRelayNothingAboutThisMachine() {
        try (ScriptedRelay relay = ScriptedRelay.answering(asked -> Said.ok(OK));
                Carrier carrier = Carrier.to(relay.address())) {
            new RelayClient(carrier).health();
            assertEquals(List.of("host"), relay.asked().get(0).headers());
        }
    }

    @Test
    void reachesARelayThroughAUnixSocketWithCallsAndSockets() {
        Path socket = directory.resolve("relay.sock");
        try (ScriptedRelay relay = ScriptedRelay.answeringAt(
                        socket,
                        asked -> asked.path().startsWith("/auth") ? Said.ok(Scripts.TOKENS) : Said.ok(OK),
                        frame -> frame.equals("open") ? List.of(Scripts.READY) : List.of());
                Carrier carrier = Carrier.to(RelayAddress.parse("unix:" + socket))) {
            RelayClient client = new RelayClient(carrier);
            assertEquals("ok", client.health());
            client.login("@alice", "a long password");
            try (RelaySocket open = client.socket(event -> {})) {
                assertEquals("@alice", open.ready().username());
            }
            assertEquals(3, relay.asked().size());
        }
    }

    @Test
    void saysThatNothingListens() throws IOException {
        assertEquals(
                "Nothing listens at http://127.0.0.1:" + closedPort() + ".",
                unreachable(RelayAddress.parse("http://127.0.0.1:" + closedPort())));
        Path nowhere = directory.resolve("nowhere.sock");
        assertEquals("Nothing listens at unix:" + nowhere + ".", unreachable(RelayAddress.parse("unix:" + nowhere)));
    }

    @Test
    void saysThatNobodyServesASocketThatIsThere() throws IOException {
        Path left = directory.resolve("left.sock");
        try (ServerSocketChannel once = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            once.bind(UnixDomainSocketAddress.of(left));
        }
        assertEquals("Nothing listens at unix:" + left + ".", unreachable(RelayAddress.parse("unix:" + left)));
    }

    @Test
    void saysThatNoProxyListens() throws IOException {
        String sentence = unreachable(RelayAddress.parse("http://" + ONION, "127.0.0.1:" + closedPort()));
        assertEquals("No SOCKS proxy listens at 127.0.0.1:" + closedPort() + ".", sentence);
    }

    @Test
    void saysThatTheOnionCannotBeReached() {
        try (SocksProxy proxy = SocksProxy.refusingWith(4)) {
            String sentence = unreachable(RelayAddress.parse("http://" + ONION, proxy.address()));
            assertEquals("The SOCKS proxy could not reach http://" + ONION + " (SOCKS5 host unreachable).", sentence);
        }
    }

    @Test
    void saysThatSomethingElseAnswersThere() {
        try (ScriptedRelay relay = ScriptedRelay.answering(asked -> Said.ok("<html>"))) {
            assertTrue(unreachable(relay.address()).endsWith("is not a Handshaker relay."));
        }
        try (ScriptedRelay relay = ScriptedRelay.answering(asked -> Said.ok("{}"))) {
            assertTrue(unreachable(relay.address()).contains("not a Handshaker relay"));
        }
    }

    @Test
    void boundsAnAnswer() {
        try (ScriptedRelay relay = ScriptedRelay.answering(asked -> Said.ok("{\"status\":\"" + "x".repeat(2 << 20)))) {
            assertTrue(unreachable(relay.address()).endsWith("sent more than is read here."));
        }
    }

    @Test
    void doesNotFollowARedirect() {
        try (ScriptedRelay relay = ScriptedRelay.answering(
                        asked -> new Said(302, "", Map.of("Location", "http://127.0.0.1:1/health")));
                Carrier carrier = Carrier.to(relay.address())) {
            RelayRefused refused = assertThrows(RelayRefused.class, new RelayClient(carrier)::health);
            assertEquals("http_302", refused.code());
            assertFalse(relay.asked().size() > 1);
        }
    }

    private static String health(String relay, SocksProxy proxy) {
        try (Carrier carrier = Carrier.to(RelayAddress.parse(relay, proxy.address()))) {
            return new RelayClient(carrier).health();
        }
    }

    private static String unreachable(RelayAddress address) {
        try (Carrier carrier = Carrier.to(address)) {
            return String.valueOf(assertThrows(RelayUnreachable.class, new RelayClient(carrier)::health)
                    .getMessage());
        }
    }

    private static int closedPort;

    private static synchronized int closedPort() throws IOException {
        if (closedPort == 0) {
            try (ServerSocket once = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                closedPort = once.getLocalPort();
            }
        }
        return closedPort;
    }
}
