// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A real Jetty, on a Unix socket and on TCP. */
final class CircuitConnectionTest {
    private static final Duration LINE_WAIT = Duration.ofMillis(600);
    private static final String LINE = "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\r\n";
    private static final String REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    @TempDir
    Path directory;

    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger unnamed = new AtomicInteger();
    private final CircuitWatch watch = new CircuitWatch(unnamed::incrementAndGet);
    private Server server;
    private ServerConnector tcp;
    private Path unix;

    private enum Way {
        UNIX,
        TCP
    }

    @BeforeEach
    void start() throws Exception {
        server = new Server();
        unix = directory.resolve("relay.sock");
        UnixDomainServerConnector unixConnector = new UnixDomainServerConnector(server, factories());
        unixConnector.setUnixDomainPath(unix);
        unixConnector.setIdleTimeout(20_000);
        tcp = new ServerConnector(server, 1, 1, factories());
        tcp.setHost("127.0.0.1");
        tcp.setIdleTimeout(20_000);
        server.addConnector(unixConnector);
        server.addConnector(tcp);
        server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                requests.incrementAndGet();
                OptionalInt circuit = CircuitConnection.circuitOf(request);
                String body = circuit + " " + request.getConnectionMetaData().getRemoteSocketAddress();
                Content.Sink.write(response, true, body, callback);
                return true;
            }
        });
        server.start();
    }

    @AfterEach
    void stop() throws Exception {
        server.stop();
    }

    @ParameterizedTest
    @EnumSource
    void tellsTwoCircuitsApart(Way way) throws IOException {
        assertTrue(talk(way, LINE + REQUEST).endsWith("OptionalInt[102] circuit"));
        String other = LINE.replace("0:66 ::1 102", "ffff:ffff ::1 65535");
        assertTrue(talk(way, other + REQUEST).endsWith("OptionalInt[-1] circuit"));
    }

    @ParameterizedTest
    @EnumSource
    void readsALineThatComesByteByByteAndThenManyRequests(Way way) throws IOException {
        try (SocketChannel client = connect(way)) {
            for (int i = 0; i < LINE.length(); i++) {
                send(client, LINE.substring(i, i + 1));
            }
            for (int i = 0; i < 3; i++) {
                send(client, REQUEST);
                assertTrue(receive(client, "circuit").contains("OptionalInt[102]"));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void handsOverARequestThatIsLargerThanTheLinesBuffer(Way way) throws IOException {
        String request = "GET /" + "a".repeat(4_000) + " HTTP/1.1\r\nHost: x\r\n\r\n";
        assertTrue(talk(way, LINE + request + request).contains("OptionalInt[102]"));
    }

    @ParameterizedTest
    @EnumSource
    void takesTheLineOnlyOnce(Way way) throws IOException {
        String answer = talk(way, LINE + LINE.replace("0:66", "0:67") + REQUEST);
        // A Unix socket forgets the 400 when it is closed with unread bytes.
        assertTrue(answer.isEmpty() || answer.startsWith("HTTP/1.1 400 "), answer);
        assertEquals(0, requests.get());
    }

    @ParameterizedTest
    @EnumSource
    void closesWithoutAWordWhatDoesNotComeThroughTor(Way way) throws IOException {
        String[] attacks = {
            REQUEST,
            "\r\n" + LINE + REQUEST,
            "\n",
            "x",
            LINE.toLowerCase(java.util.Locale.ROOT) + REQUEST,
            LINE.replace("PROXY ", "PROXY  ") + REQUEST,
            LINE.replace("\r\n", "\n") + REQUEST,
            LINE.replace("\r\n", "\rx") + REQUEST,
            LINE.replace("::0:66", "::0:066") + REQUEST,
            LINE.replace("4dad", "4dae") + REQUEST,
            LINE.replace("::1", "::2") + REQUEST,
            LINE.replace("102", "65536") + REQUEST,
            "PROXY UNKNOWN\r\n" + REQUEST,
            "PROXY TCP4 127.0.0.1 127.0.0.1 102 80\r\n" + REQUEST,
            "PROXY TCP6 localhost ::1 102 80\r\n" + REQUEST,
            "\r\n\r\n\u0000\r\nQUIT\n!\u0011\u0000\u000c" + "\u0000".repeat(12) + REQUEST,
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "A".repeat(10_240),
            "PROXY TCP6 fc00:dead:beef:4dad::" + "0".repeat(10_240),
        };
        for (String attack : attacks) {
            long start = System.nanoTime();
            assertEquals("", talk(way, attack), attack);
            assertTrue(System.nanoTime() - start < LINE_WAIT.toNanos(), "closed at once: " + attack);
        }
        assertEquals(0, requests.get());
    }

    @ParameterizedTest
    @EnumSource
    void closesAConnectionThatSaysNothing(Way way) throws IOException {
        try (SocketChannel client = connect(way)) {
            assertClosedInTime(client, System.nanoTime());
        }
    }

    @ParameterizedTest
    @EnumSource
    void closesALineThatStopsInTheMiddle(Way way) throws IOException {
        try (SocketChannel client = connect(way)) {
            long start = System.nanoTime();
            send(client, LINE.substring(0, 20));
            assertClosedInTime(client, start);
        }
    }

    @ParameterizedTest
    @EnumSource
    void isNotHeldOpenByAByteNowAndThen(Way way) throws IOException {
        try (SocketChannel client = connect(way)) {
            long start = System.nanoTime();
            int sent = 0;
            try {
                while (sent < LINE.length() - 1) {
                    send(client, LINE.substring(sent, sent + 1));
                    sent++;
                    LockSupport.parkNanos(LINE_WAIT.toNanos() / 8);
                }
            } catch (IOException closedByTheServer) {
                // As it should be; how much came through tells.
            }
            assertTrue(sent < 20, sent + " bytes were let in");
            assertClosedInTime(client, start);
        }
    }

    @ParameterizedTest
    @EnumSource
    void closesALineThatEndsInTheMiddle(Way way) throws IOException {
        try (SocketChannel client = connect(way)) {
            send(client, LINE.substring(0, 20));
            client.shutdownOutput();
            assertEquals("", receive(client, null));
        }
    }

    @ParameterizedTest
    @EnumSource
    void givesBackTheListenersOwnIdleTime(Way way) throws IOException {
        try (SocketChannel client = connect(way)) {
            send(client, LINE);
            LockSupport.parkNanos(2 * LINE_WAIT.toNanos());
            send(client, REQUEST);
            assertTrue(receive(client, "circuit").contains("OptionalInt[102]"));
        }
    }

    private ConnectionFactory[] factories() {
        HttpConnectionFactory http = new HttpConnectionFactory();
        return new ConnectionFactory[] {new CircuitConnection.Factory(http.getProtocol(), watch, LINE_WAIT), http};
    }

    private SocketChannel connect(Way way) throws IOException {
        SocketAddress address = way == Way.UNIX
                ? UnixDomainSocketAddress.of(unix)
                : new InetSocketAddress(InetAddress.getLoopbackAddress(), tcp.getLocalPort());
        SocketChannel client = way == Way.UNIX ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
        client.connect(address);
        return client;
    }

    /** Sends all of it and returns the answer up to the end of a circuit's word or of the connection. */
    private String talk(Way way, String text) throws IOException {
        try (SocketChannel client = connect(way)) {
            try {
                send(client, text);
            } catch (IOException closedEarly) {
                // Closed before it had taken everything: what it answered is still to be read.
            }
            return receive(client, "circuit");
        }
    }

    private static void send(SocketChannel client, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
        while (bytes.hasRemaining()) {
            client.write(bytes);
        }
    }

    private static String receive(SocketChannel client, @org.jspecify.annotations.Nullable String end) {
        ByteBuffer bytes = ByteBuffer.allocate(65_536);
        String text = "";
        try {
            while (client.read(bytes) >= 0) {
                text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
                if (end != null && text.endsWith(end)) {
                    break;
                }
            }
        } catch (IOException reset) {
            // TCP says so when bytes that nobody read are thrown away; no more than what came before has been answered.
        }
        return text;
    }

    private static void assertClosedInTime(SocketChannel client, long start) {
        assertEquals("", receive(client, null));
        Duration taken = Duration.ofNanos(System.nanoTime() - start);
        assertTrue(taken.compareTo(LINE_WAIT.minusMillis(100)) > 0, () -> "after " + taken);
        assertTrue(taken.compareTo(LINE_WAIT.multipliedBy(4)) < 0, () -> "after " + taken);
    }
}
