// SPDX-License-Identifier: MIT
package org.handshaker.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.MailAddress;
import org.handshaker.core.Secret;
import org.handshaker.core.Unusable;
import org.handshaker.support.MailReceiver;
import org.handshaker.support.SocksProxy;
import org.handshaker.support.TestTime;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Codes go to a real mail server, through a SOCKS proxy and under TLS, or not at all. */
@Timeout(120)
final class MailCarrierTest {
    private static final String NAME = "mail.somewhere.net";
    private static final String ONION = "mailmailmailmailmailmailmailmailmailmailmailmailmailmail" + ".onion";
    private static final String CODE = "-bB3_x9-kQ0aZ7yT5wM2pA";
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private Path trust;
    private @Nullable MailReceiver receiver;
    private @Nullable SocksProxy proxy;
    private @Nullable MailCarrier carrier;

    @BeforeEach
    void open() {
        trust = directory.resolve("trust.p12");
    }

    @AfterEach
    void close() {
        if (carrier != null) {
            carrier.close();
        }
        if (proxy != null) {
            proxy.close();
        }
        if (receiver != null) {
            receiver.close();
        }
    }

    private static MailAddress address(String text) {
        return MailAddress.parse(text.toCharArray());
    }

    private MailCarrier carrier(String server, int port, @Nullable String user, Duration longest) {
        proxy = SocksProxy.forwardingTo(port);
        SocksProxy way = proxy;
        byte[] password = user == null ? null : MailReceiver.PASSWORD.getBytes(UTF_8);
        MailCarrier.Account account =
                new MailCarrier.Account(URI.create(server), address("codes@somewhere.net"), user, password);
        carrier = new MailCarrier(
                () -> Optional.of(way.address()), account, new TestTime(), Files.exists(trust) ? trust : null, longest);
        return carrier;
    }

    private MailCarrier to(MailReceiver opened, String server, @Nullable String user) {
        receiver = opened;
        return carrier(server, opened.port(), user, LONG);
    }

    @ParameterizedTest
    @CsvSource({"smtps,465", "smtp,587"})
    void sendsTheCodeUnderTlsAndNothingElse(String scheme, int port) throws Exception {
        MailReceiver opened =
                scheme.equals("smtps") ? MailReceiver.secure(NAME, trust) : MailReceiver.startingTls(NAME, trust);
        to(opened, scheme + "://" + NAME, MailReceiver.USER)
                .send(address("Alice.B+relay@Example.ORG"), Secret.of(CODE.toCharArray()));

        MailReceiver.Mail mail = opened.await(1, 30);
        assertEquals("[127.0.0.1]", mail.helo());
        assertTrue(mail.isSecure() || scheme.equals("smtps"));
        assertEquals("codes@somewhere.net", mail.from());
        assertEquals("alice.b+relay@example.org", mail.to());
        assertEquals(
                """
                From: <codes@somewhere.net>
                To: <alice.b+relay@example.org>
                Subject: Your code
                Date: DATE
                Message-ID: <ID@somewhere.net>
                Auto-Submitted: auto-generated
                MIME-Version: 1.0
                Content-Type: text/plain; charset=us-ascii

                CODE
                """
                        .replace("CODE", CODE)
                        .replace("\n", "\r\n"),
                mail.text()
                        .replaceFirst(
                                "Date: [A-Z][a-z]{2}, [0-9]+ [A-Z][a-z]{2} [0-9]{4} [0-9:]{6}00 [+]0000", "Date: DATE")
                        .replaceFirst("<[A-Za-z0-9_-]{43}@", "<ID@"));
        SocksProxy.Asked asked = proxy().asked().get(0);
        assertEquals(NAME, asked.host(), "the proxy resolves the name");
        assertEquals(3, asked.addressType());
        assertEquals(port, asked.port());
        assertEquals("mail", asked.username());
        assertEquals(List.of(2), asked.methods(), "isolation cannot be lost");
        assertEquals(1, proxy().asked().size());
    }

    private SocksProxy proxy() {
        return Optional.ofNullable(proxy).orElseThrow();
    }

    @Test
    void anOnionNeedsNoTls() {
        MailReceiver opened = MailReceiver.plain();
        to(opened, "smtp://" + ONION + ":25", null).send(address("alice@example.org"), Secret.of(CODE.toCharArray()));
        assertEquals(CODE, opened.await(1, 30).body());
        assertEquals(ONION, proxy().asked().get(0).host());
        assertEquals(25, proxy().asked().get(0).port());
    }

    @Test
    void aServerWithoutTlsGetsNothing() {
        MailReceiver opened = MailReceiver.plain();
        MailCarrier mails = to(opened, "smtp://" + NAME, MailReceiver.USER);
        assertFails("offers no TLS", () -> mails.send(address("alice@example.org"), Secret.of(CODE.toCharArray())));
        assertEquals(List.of(), opened.mails());
    }

    @ParameterizedTest
    @ValueSource(strings = {"smtp", "smtps"})
    void aServerOfAnotherNameGetsNothing(String scheme) throws Exception {
        MailReceiver opened = scheme.equals("smtps")
                ? MailReceiver.secure("other.somewhere.net", trust)
                : MailReceiver.startingTls("other.somewhere.net", trust);
        MailCarrier mails = to(opened, scheme + "://" + NAME, MailReceiver.USER);
        assertFails("", () -> mails.send(address("alice@example.org"), Secret.of(CODE.toCharArray())));
        assertEquals(List.of(), opened.mails());
    }

    @Test
    void aServerThatNobodyVouchesForGetsNothing() throws Exception {
        MailReceiver opened = MailReceiver.secure(NAME, trust);
        Files.delete(trust);
        MailCarrier mails = to(opened, "smtps://" + NAME, MailReceiver.USER);
        assertFails("", () -> mails.send(address("alice@example.org"), Secret.of(CODE.toCharArray())));
        assertEquals(List.of(), opened.mails());
    }

    @Test
    void theWrongAccountIsToldToTheOperatorAlone() throws Exception {
        MailReceiver opened = MailReceiver.secure(NAME, trust);
        MailCarrier mails = to(opened, "smtps://" + NAME, "somebody");
        assertFails("535", mails::visit);
        assertEquals(List.of(), opened.mails());
    }

    @Test
    void aVisitSendsNothing() throws Exception {
        MailReceiver opened = MailReceiver.startingTls(NAME, trust);
        to(opened, "smtp://" + NAME, MailReceiver.USER).visit();
        assertEquals(List.of(), opened.mails());
    }

    @Test
    void whatFailsIsTriedOnceMoreOnAnotherCircuit() {
        MailReceiver opened = MailReceiver.plain();
        MailCarrier mails = to(opened, "smtp://" + ONION, null);
        opened.refuseNext(1);
        mails.send(address("alice@example.org"), Secret.of(CODE.toCharArray()));
        assertEquals(1, opened.mails().size());
        List<SocksProxy.Asked> asked = proxy().asked();
        assertEquals(2, asked.size());
        assertNotEquals(asked.get(0).password(), asked.get(1).password());
        opened.refuseNext(2);
        assertFails("451", () -> mails.send(address("alice@example.org"), Secret.of(CODE.toCharArray())));
        assertEquals(4, proxy().asked().size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a.b", ".", "a\r\nMAIL", "a b", "ä"})
    void whatIsNoCodeIsNotSent(String text) {
        MailReceiver opened = MailReceiver.plain();
        MailCarrier mails = to(opened, "smtp://" + ONION, null);
        assertThrows(
                IllegalArgumentException.class,
                () -> mails.send(address("alice@example.org"), Secret.of(text.toCharArray())));
        assertEquals(List.of(), proxy().asked());
    }

    @Test
    void withoutAProxyThereIsNoMail() {
        MailCarrier.Account account =
                new MailCarrier.Account(URI.create("smtp://" + ONION), address("codes@somewhere.net"), null, null);
        try (MailCarrier mails = new MailCarrier(Optional::empty, account, new TestTime(), null, LONG)) {
            assertFails("no SOCKS proxy", mails::visit);
        }
    }

    /** Whoever is told that the mail server fails looks there, and not at tor. */
    @Test
    void saysWhichOfTheTwoDoesNotAnswer() throws Exception {
        try (MailCarrier dead = by("127.0.0.1:" + unused(), LONG)) {
            assertFails("No SOCKS proxy (tor) listens at 127.0.0.1:", dead::visit);
            assertFails("The mail server was not asked.", dead::visit);
        }
        try (MailCarrier dead = by("unix:" + directory.resolve("socks"), LONG)) {
            assertFails("No SOCKS proxy (tor) listens at unix:" + directory.resolve("socks") + ".", dead::visit);
        }
        try (Hostile silent = new Hostile("");
                MailCarrier mute = by("127.0.0.1:" + silent.port(), Duration.ofSeconds(1))) {
            assertFails("does not answer as a SOCKS proxy (tor) does. The mail server was not asked.", mute::visit);
        }
        try (Hostile server = new Hostile("HTTP/1.1 400 Bad Request\r\n");
                MailCarrier foreign = by("127.0.0.1:" + server.port(), LONG)) {
            assertFails("does not answer as a SOCKS proxy (tor) does. The mail server was not asked.", foreign::visit);
        }
        try (SocksProxy refusing = SocksProxy.refusingWith(5);
                MailCarrier mails = by(refusing.address(), LONG)) {
            assertFails("The mail server cannot be used: the SOCKS proxy (tor) answers, but does not", mails::visit);
        }
    }

    private static MailCarrier by(String socks, Duration longest) {
        MailCarrier.Account account =
                new MailCarrier.Account(URI.create("smtp://" + ONION), address("codes@somewhere.net"), null, null);
        return new MailCarrier(() -> Optional.of(socks), account, new TestTime(), null, longest);
    }

    private static int unused() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    /** What was said in the clear must not be taken for what is said under TLS (CVE-2011-0411). */
    @Test
    void wordsBeforeTlsAreNotTakenForTheServersOwn() throws Exception {
        try (Hostile server =
                new Hostile("220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "220 x\r\n250 AUTH PLAIN\r\n235 x\r\n")) {
            MailCarrier mails = carrier("smtp://" + NAME, server.port(), MailReceiver.USER, LONG);
            assertFails("before TLS", mails::visit);
            assertFalse(server.heard().contains("AUTH"), server.heard());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 200 OK\r\n", "999 x\r\n", "22", "554 go away\r\n", "\r\n"})
    void whatIsNoGreetingEndsIt(String greeting) throws Exception {
        try (Hostile server = new Hostile(greeting)) {
            MailCarrier mails = carrier("smtp://" + ONION, server.port(), null, Duration.ofSeconds(2));
            assertFails("", mails::visit);
            assertEquals("", server.heard());
        }
    }

    @Test
    void aLineThatDoesNotEndIsNotReadForEver() throws Exception {
        try (Hostile server = new Hostile("220 " + "x".repeat(2_000))) {
            MailCarrier mails = carrier("smtp://" + ONION, server.port(), null, LONG);
            assertFails("does not end", mails::visit);
        }
    }

    @Test
    void aReplyThatDoesNotEndIsNotReadForEver() throws Exception {
        try (Hostile server = new Hostile("220-x\r\n".repeat(200))) {
            MailCarrier mails = carrier("smtp://" + ONION, server.port(), null, LONG);
            assertFails("does not end", mails::visit);
        }
    }

    @Test
    void aServerThatIsSilentIsLeft() throws Exception {
        try (Hostile server = new Hostile("")) {
            MailCarrier mails = carrier("smtps://" + NAME, server.port(), null, Duration.ofSeconds(1));
            long start = System.nanoTime();
            assertFails("in time", mails::visit);
            assertTrue(Duration.ofNanos(System.nanoTime() - start).toSeconds() < 30);
        }
    }

    @Test
    void readsAPasswordOfOneLine() throws Exception {
        Path file = directory.resolve("password");
        Files.writeString(file, "pass wörd \n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertEquals("pass wörd ", new String(MailCarrier.password(file), UTF_8));
        for (String bad : List.of("", "\n", "two\nlines", "x".repeat(2_000))) {
            Files.writeString(file, bad);
            assertThrows(Unusable.class, () -> MailCarrier.password(file));
        }
        Files.writeString(file, "x");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThrows(Unusable.class, () -> MailCarrier.password(file));
        assertThrows(Unusable.class, () -> MailCarrier.password(directory.resolve("none")));
    }

    private static void assertFails(String why, Runnable call) {
        RelayUnreachable failed = assertThrows(RelayUnreachable.class, call::run);
        assertTrue(String.valueOf(failed.getMessage()).contains(why), failed.getMessage());
        assertFalse(String.valueOf(failed.getMessage()).contains("alice"), failed.getMessage());
    }

    /** Says its first line at once and each other one when it has heard something. */
    private static final class Hostile implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        private final ByteArrayOutputStream heard = new ByteArrayOutputStream();

        Hostile(String... lines) throws IOException {
            Thread thread = new Thread(() -> serve(lines), "hostile");
            thread.setDaemon(true);
            thread.start();
        }

        private void serve(String... lines) {
            while (!listener.isClosed()) {
                try (Socket client = listener.accept()) {
                    OutputStream out = client.getOutputStream();
                    byte[] buffer = new byte[4_096];
                    for (String line : lines) {
                        out.write(line.getBytes(US_ASCII));
                        int count = client.getInputStream().read(buffer);
                        if (count < 0) {
                            break;
                        }
                        synchronized (heard) {
                            heard.write(buffer, 0, count);
                        }
                    }
                    // It stays until the client has gone.
                    client.getInputStream().transferTo(OutputStream.nullOutputStream());
                } catch (IOException left) {
                    // The next client, or the end.
                }
            }
        }

        int port() {
            return listener.getLocalPort();
        }

        String heard() {
            synchronized (heard) {
                return heard.toString(US_ASCII);
            }
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }
}
