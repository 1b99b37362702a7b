// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.handshaker.core.Vault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a peer that says what the test wants, the wrong thing above all; real tors are met in the onions' tests. */
@Timeout(15)
final class ControlPortTest {
    @TempDir
    Path directory;

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> commands = new LinkedBlockingQueue<>();
    private ServerSocketChannel server;
    private UnixDomainSocketAddress address;

    @BeforeEach
    void listen() throws IOException {
        address = UnixDomainSocketAddress.of(directory.resolve("control"));
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void readsValuesOfOneLineAndOfMany() throws IOException {
        answerAll(command -> command.contains("version")
                ? "250-version=0.4.9.11\r\n250 OK\r\n"
                : "250+ns/all=\r\nr one\r\n..dot\r\nr two\r\n.\r\n250 OK\r\n");
        try (ControlPort port = connect()) {
            assertEquals(List.of("0.4.9.11"), port.getInfo("version"));
            assertEquals(List.of("", "r one", ".dot", "r two"), port.getInfo("ns/all"));
        }
    }

    @Test
    void keepsEventsApartFromAnswers() throws Exception {
        answerAll(command ->
                "650 HS_DESC UPLOADED a\r\n650-MANY first\r\n650-second\r\n650 OK\r\n250 OK\r\n650 LATE b\r\n");
        try (ControlPort port = connect()) {
            assertEquals(List.of("OK"), port.command("SETEVENTS HS_DESC"));
            assertEquals("HS_DESC UPLOADED a", events.poll(5, TimeUnit.SECONDS));
            assertEquals("MANY first", events.poll(5, TimeUnit.SECONDS));
            assertEquals("LATE b", events.poll(5, TimeUnit.SECONDS));
        }
    }

    @Test
    void tellsARefusalFromALostConnection() throws IOException {
        answerAll(command -> command.equals("QUIT") ? "" : "512 Unrecognized \u001b[31mkeyword\r\n");
        try (ControlPort port = connect()) {
            ControlPort.CommandRefused refused =
                    assertThrows(ControlPort.CommandRefused.class, () -> port.command("ADD_ONION"));
            assertEquals(512, refused.status());
            assertEquals("tor refused: Unrecognized ?[31mkeyword", refused.getMessage());
            assertThrows(IOException.class, () -> port.command("QUIT"));
            assertThrows(IOException.class, () -> port.command("ADD_ONION"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 400 Bad Request\r\n\r\n",
                "25\r\n",
                "2x0 OK\r\n",
                "\r\n",
                "\u00ff\u00ff\u00ff\u00ff\r\n"
            })
    void givesUpAPeerThatIsNoControlPort(String nonsense) throws IOException {
        answerAll(command -> nonsense);
        try (ControlPort port = connect()) {
            assertThrows(IOException.class, () -> port.command("PROTOCOLINFO 1"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"250-aaaaaaaa", "250-a\r\n", "250+a\r\nb\r\n"})
    void holdsNoMoreThanItsBounds(String endless) throws IOException {
        answerAll(command -> endless.repeat(200_000));
        try (ControlPort port = connect()) {
            assertThrows(IOException.class, () -> port.command("GETINFO x"));
        }
    }

    @Test
    void sendsOneLineAndNeverTwo() throws IOException {
        answerAll(command -> "250 OK\r\n");
        try (ControlPort port = connect()) {
            assertThrows(IllegalArgumentException.class, () -> port.command("GETINFO x\r\nSIGNAL SHUTDOWN"));
        }
    }

    @Test
    void provesItselfWithoutShowingTheCookie() throws IOException {
        byte[] cookie = new byte[32];
        cookie[3] = 7;
        Path file = Files.write(directory.resolve("the \"cookie\""), cookie);
        answerAll(command -> safeCookie(command, file, cookie));
        try (ControlPort port = connect()) {
            port.authenticate();
        }
        assertTrue(commands.stream().anyMatch(command -> command.startsWith("AUTHENTICATE ")));
        assertFalse(commands.stream()
                .anyMatch(command -> command.contains(HexFormat.of().formatHex(cookie))));
    }

    @Test
    void provesNothingToAPeerThatDoesNotKnowTheCookie() throws IOException {
        Path file = Files.write(directory.resolve("cookie"), new byte[32]);
        byte[] guessed = new byte[32];
        guessed[0] = 1;
        answerAll(command -> safeCookie(command, file, guessed));
        try (ControlPort port = connect()) {
            IOException refused = assertThrows(IOException.class, port::authenticate);
            assertTrue(String.valueOf(refused.getMessage()).contains("does not know tor's cookie"));
        }
        assertFalse(commands.stream().anyMatch(command -> command.startsWith("AUTHENTICATE")));
    }

    @Test
    void readsNoOtherFileForACookie() throws IOException {
        Path secret = Files.write(directory.resolve("secret"), new byte[33]);
        answerAll(command -> safeCookie(command, secret, new byte[32]));
        try (ControlPort port = connect()) {
            assertThrows(IOException.class, port::authenticate);
        }
        assertFalse(commands.stream().anyMatch(command -> command.startsWith("AUTHCHALLENGE")));
    }

    private static String safeCookie(String command, Path file, byte[] cookie) {
        String[] words = command.split(" ", -1);
        return switch (words[0]) {
            case "PROTOCOLINFO" ->
                "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=COOKIE,SAFECOOKIE COOKIEFILE=\""
                        + file.toString().replace("\"", "\\\"") + "\"\r\n250-VERSION Tor=\"0.4.9.11\"\r\n250 OK\r\n";
            case "AUTHCHALLENGE" -> {
                byte[] ours = HexFormat.of().parseHex(words[2]);
                ByteBuffer message =
                        ByteBuffer.allocate(96).put(cookie).put(ours).put(new byte[32]);
                byte[] proof = Vault.hmac(
                        "Tor safe cookie authentication server-to-controller hash".getBytes(StandardCharsets.US_ASCII),
                        message.array());
                yield "250 AUTHCHALLENGE SERVERHASH="
                        + HexFormat.of().withUpperCase().formatHex(proof) + " SERVERNONCE=" + "00".repeat(32) + "\r\n";
            }
            default -> "250 OK\r\n";
        };
    }

    private ControlPort connect() throws IOException {
        return ControlPort.connect(address, events::add);
    }

    /** Answers every line of the one connection; an empty answer hangs up. */
    private void answerAll(UnaryOperator<String> answer) {
        Thread thread = new Thread(
                () -> {
                    try (SocketChannel client = server.accept()) {
                        converse(client, answer);
                    } catch (IOException hungUp) {
                        // The client has heard enough.
                    }
                },
                "fake-tor");
        thread.setDaemon(true);
        thread.start();
    }

    private void converse(SocketChannel client, UnaryOperator<String> answer) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4_096);
        while (client.read(bytes) >= 0) {
            String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
            if (text.endsWith("\r\n")) {
                bytes.clear();
                commands.add(text.strip());
                String reply = answer.apply(text.strip());
                if (reply.isEmpty()) {
                    return;
                }
                ByteBuffer out = ByteBuffer.wrap(reply.getBytes(StandardCharsets.ISO_8859_1));
                while (out.hasRemaining()) {
                    client.write(out);
                }
            }
        }
    }
}
