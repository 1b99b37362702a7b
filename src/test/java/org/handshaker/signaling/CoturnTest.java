// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.handshaker.core.Limits;
import org.handshaker.core.Secrets;
import org.handshaker.signaling.IceServers.IceServer;
import org.handshaker.support.Coturn;
import org.handshaker.support.TurnClient;
import org.handshaker.support.TurnClient.Answer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The credentials we issue, shown to the coturn we configure. */
@Timeout(60)
class CoturnTest {
    private static final String SECRET = Secrets.newToken();
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;

    @TempDir
    static Path runtime;

    private static Coturn coturn;

    /** The clock is the machine's own, because coturn has no other. */
    private final Instant now = Instant.now();

    private final TurnCredentials turn = credentials(SECRET);

    @BeforeAll
    static void startCoturn() {
        Assumptions.assumeTrue(Coturn.isAvailable(), "neither coturn nor Docker is here");
        coturn = Coturn.start(SECRET, runtime);
    }

    @AfterAll
    static void stopCoturn() {
        if (coturn != null) {
            coturn.close();
        }
    }

    @Test
    void aFreshCredentialOpensAnAllocation() throws IOException {
        try (TurnClient client = client(turn.issue(now))) {
            Answer answer = client.allocate();

            assertEquals(0, answer.errorCode());
            assertEquals("127.0.0.7", answer.relayed().getAddress().getHostAddress());
        }
    }

    @Test
    void twoPeersTalkThroughIt() throws IOException {
        try (TurnClient alice = client(turn.issue(now));
                TurnClient bob = client(turn.issue(now))) {
            InetSocketAddress aliceAt = alice.allocate().relayed();
            InetSocketAddress bobAt = bob.allocate().relayed();
            assertEquals(0, alice.permit(bobAt));
            assertEquals(0, bob.permit(aliceAt));

            alice.send(bobAt, "hello through the relay");

            assertEquals("hello through the relay", bob.receive());
        }
    }

    @Test
    void anExpiredCredentialOpensNothing() throws IOException {
        Instant issued = now.minus(Limits.TURN_CREDENTIAL_LIFE).minus(Duration.ofSeconds(2));

        assertEquals(UNAUTHORIZED, allocate(turn.issue(issued)));
    }

    @Test
    void aCredentialOfAnotherSecretOpensNothing() throws IOException {
        assertEquals(UNAUTHORIZED, allocate(credentials(Secrets.newToken()).issue(now)));
    }

    @Test
    void nobodyCanProlongACredentialByRewritingItsExpiry() throws IOException {
        IceServer server = turn.issue(now).iceServers().get(0);
        String username = String.valueOf(server.username());
        String later = now.plusSeconds(86_400).getEpochSecond() + username.substring(username.indexOf(':'));

        try (TurnClient client = new TurnClient(coturn.address(), later, String.valueOf(server.credential()))) {
            assertEquals(UNAUTHORIZED, client.allocate().errorCode());
        }
    }

    @Test
    void relaysToNothingButItself() throws IOException {
        try (TurnClient client = client(turn.issue(now))) {
            client.allocate();

            for (byte[] peer : List.of(
                    new byte[] {127, 0, 0, 1}, new byte[] {10, 0, 0, 1}, new byte[] {9, 9, 9, 9}, new byte[4])) {
                InetAddress address = InetAddress.getByAddress(peer);
                assertEquals(FORBIDDEN, client.permit(new InetSocketAddress(address, 53)), address.toString());
            }
        }
    }

    @Test
    void listensOnTcpOnly() throws IOException {
        try (DatagramSocket free = new DatagramSocket(coturn.address())) {
            assertEquals(coturn.address().getPort(), free.getLocalPort());
        }
    }

    @Test
    void writesNothingDown() throws IOException {
        allocate(turn.issue(now));

        try (Stream<Path> files = Files.list(runtime)) {
            Set<String> names = files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
            assertTrue(
                    Set.of("given.conf", "secret", "turnserver.conf", "output").containsAll(names), names.toString());
        }
        Path output = runtime.resolve("output");
        if (Files.exists(output)) {
            assertFalse(Files.readString(output).contains("session"), "coturn speaks about its users");
        }
        assertFalse(Coturn.commandLines().toString().contains(SECRET), "the secret is on a command line");
    }

    private static int allocate(IceServers answer) throws IOException {
        try (TurnClient client = client(answer)) {
            return client.allocate().errorCode();
        }
    }

    private static TurnClient client(IceServers answer) throws IOException {
        IceServer server = answer.iceServers().get(0);
        return new TurnClient(coturn.address(), String.valueOf(server.username()), String.valueOf(server.credential()));
    }

    private static TurnCredentials credentials(String secret) {
        return TurnCredentials.of(List.of(coturn.url()), List.of(), secret.getBytes(StandardCharsets.US_ASCII));
    }
}
