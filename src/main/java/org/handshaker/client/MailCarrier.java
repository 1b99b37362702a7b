// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.ProtocolException;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.handshaker.core.Config;
import org.handshaker.core.MailAddress;
import org.handshaker.core.Secret;
import org.handshaker.core.Secrets;
import org.handshaker.core.Unusable;
import org.jspecify.annotations.Nullable;

/**
 * Hands a code to the operator's mail server (RFC 6409), only through a SOCKS proxy, which resolves the server's name, on a
 * circuit that nothing else shares. TLS with the server's own name is required, from the first byte or by STARTTLS (RFC 8314,
 * RFC 3207); only an onion, which is its own proof, may go without. The mail holds the code and nothing else, and says nothing
 * about this machine: no host name, no program, no time finer than a minute.
 */
public final class MailCarrier implements AutoCloseable {
    private static final int CODE_CHARS_MAX = 64;
    private static final Duration LONGEST = Duration.ofSeconds(90);
    private static final int SMTPS = 465;
    private static final int SUBMISSION = 587;
    private static final int TRIES = 2;
    private static final int PASSWORD_BYTES_MAX = 1_024;
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, d MMM yyyy HH:mm:ss '+0000'", Locale.ENGLISH);

    /**
     * The operator's mail server and account there.
     *
     * @param server {@code smtps://HOST[:PORT]} for TLS from the first byte, {@code smtp://HOST[:PORT]} for STARTTLS, which an
     *     onion does without
     * @param password null where the server takes mail without
     */
    public record Account(URI server, MailAddress from, @Nullable String user, byte @Nullable [] password) {
        @Override
        public String toString() {
            return "Account";
        }
    }

    private final Supplier<Optional<String>> socks;
    private final Account account;
    private final String host;
    private final int port;
    private final boolean isSecureAtOnce;
    private final SSLContext tls;
    private final InstantSource time;
    private final Duration longest;
    private final ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "mail clock");
        thread.setDaemon(true);
        return thread;
    });
    /** Renewed after a failure: the next try leaves by another exit. */
    private volatile String isolation = Secrets.newToken();

    /** @param socks {@code IP:PORT} or {@code unix:PATH} of the proxy, where there is one at the moment */
    private MailCarrier(Supplier<Optional<String>> socks, Account account, InstantSource time) {
        this(socks, account, time, null, LONGEST);
    }

    /**
     * As the settings say; empty where there is no recovery mail.
     *
     * @param socks where the proxy is at the moment
     */
    public static Optional<MailCarrier> of(Config config, Supplier<Optional<String>> socks, InstantSource time) {
        return config.mailServer().map(server -> {
            Account account = new Account(
                    server,
                    config.mailFrom().orElseThrow(),
                    config.mailUser().orElse(null),
                    config.mailPasswordFile().map(MailCarrier::password).orElse(null));
            return new MailCarrier(socks, account, time);
        });
    }

    /**
     * For tests.
     *
     * @param trusted a PKCS#12 store of authorities instead of this JDK's, without a password
     * @param longest how long one conversation may take
     */
    MailCarrier(
            Supplier<Optional<String>> socks,
            Account account,
            InstantSource time,
            @Nullable Path trusted,
            Duration longest) {
        this.socks = socks;
        this.longest = longest;
        this.account = account;
        this.time = time;
        this.host = account.server().getHost().toLowerCase(Locale.ROOT);
        this.isSecureAtOnce = "smtps".equals(account.server().getScheme());
        int named = account.server().getPort();
        this.port = named > 0 ? named : isSecureAtOnce ? SMTPS : SUBMISSION;
        this.tls = tls(trusted);
    }

    private static SSLContext tls(@Nullable Path trusted) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            if (trusted == null) {
                context.init(null, null, null);
                return context;
            }
            KeyStore authorities = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(trusted)) {
                authorities.load(in, new char[0]);
            }
            TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            managers.init(authorities);
            context.init(null, managers.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException unusable) {
            throw new IllegalStateException("TLS cannot be used here", unusable);
        }
    }

    /** The one line of a file that only its owner, or whom the owner let, can read; {@link Unusable} for what is no such file. */
    public static byte[] password(Path file) {
        try {
            if (file.getFileSystem().supportedFileAttributeViews().contains("posix")
                    && Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
                throw new Unusable("Everyone on this machine can read the file of --mail-password-file: chmod o= it.");
            }
            byte[] bytes = Files.size(file) > PASSWORD_BYTES_MAX ? new byte[0] : Files.readAllBytes(file);
            int length = bytes.length;
            while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r')) {
                length--;
            }
            byte[] password = Arrays.copyOf(bytes, length);
            Arrays.fill(bytes, (byte) 0);
            for (byte one : password) {
                length = one >= 0 && one < ' ' ? 0 : length;
            }
            if (length > 0) {
                return password;
            }
        } catch (IOException unreadable) {
            throw new Unusable("The file of --mail-password-file cannot be read.", unreadable);
        }
        throw new Unusable("The file of --mail-password-file must hold one line, the password.");
    }

    /**
     * Sends a code, and returns when the server has taken it. What fails is tried once more, on another circuit.
     *
     * @param code letters, digits, hyphens and underscores
     * @throws RelayUnreachable if the server cannot be reached or does not take it
     */
    public void send(MailAddress to, Secret code) {
        if (!code.lend(MailCarrier::isCode)) {
            // No line of it can begin with a dot, which would have to be doubled.
            throw new IllegalArgumentException("this is no code");
        }
        for (int tries = 1; ; tries++) {
            try {
                trySending(to, code);
                return;
            } catch (IOException failed) {
                isolation = Secrets.newToken();
                if (tries == TRIES) {
                    throw unreachable(failed);
                }
            }
        }
    }

    /** Goes as far as a mail would, without one; throws what a mail would meet. */
    public void visit() {
        try (SocksChannel channel = channel()) {
            quit(greeted(channel));
        } catch (IOException failed) {
            throw unreachable(failed);
        }
    }

    /** Which of the two it was: an operator would look for the fault at the mail server while tor is down. */
    private static RelayUnreachable unreachable(IOException failed) {
        if (failed instanceof SocksFault) {
            return new RelayUnreachable(failed.getMessage() + " The mail server was not asked.", failed);
        }
        // A channel that was closed from here has nothing to say.
        String what = failed.getMessage() == null ? "it did not answer in time" : failed.getMessage();
        return new RelayUnreachable("The mail server cannot be used: " + what + ".", failed);
    }

    private void trySending(MailAddress to, Secret code) throws IOException {
        try (SocksChannel channel = channel()) {
            SmtpWire wire = greeted(channel);
            byte[] target = to.ascii();
            byte[] from = account.from().ascii();
            try {
                wire.say(ascii("MAIL FROM:<"), from, ascii(">"));
                wire.expect(250);
                wire.say(ascii("RCPT TO:<"), target, ascii(">"));
                wire.expect(250);
                wire.say("DATA");
                wire.expect(354);
                write(wire, from, target, code);
                wire.expect(250);
            } finally {
                Arrays.fill(target, (byte) 0);
            }
            quit(wire);
        }
    }

    private SocksChannel channel() throws IOException {
        SocketAddress proxy = socks.get()
                .map(RelayAddress::proxy)
                .orElseThrow(() -> new SocksFault("There is no SOCKS proxy (tor) now.", null));
        SocksChannel channel = SocksChannel.open(proxy, "mail", isolation, longest, clock);
        try {
            channel.connect(host, port);
            return channel;
        } catch (IOException failed) {
            channel.close();
            String how = failed.getMessage() == null ? "" : " (" + failed.getMessage() + ")";
            throw new IOException(
                    "the SOCKS proxy (tor) answers, but does not reach it in time or at all" + how, failed);
        } catch (RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    /** As far as the server takes mail from this account. */
    private SmtpWire greeted(SocksChannel channel) throws IOException {
        SmtpWire wire = new SmtpWire(channel);
        if (isSecureAtOnce) {
            wire.secure(tls, host, port);
        }
        wire.expect(220);
        List<String> can = hello(wire);
        if (!isSecureAtOnce && !host.endsWith(".onion")) {
            if (!can.contains("STARTTLS")) {
                throw new ProtocolException("the server offers no TLS");
            }
            wire.say("STARTTLS");
            wire.expect(220);
            wire.secure(tls, host, port);
            can = hello(wire);
        }
        signIn(wire, can);
        return wire;
    }

    /** The same for everyone who has no name of their own (RFC 5321, section 4.1.3). */
    private static List<String> hello(SmtpWire wire) throws IOException {
        wire.say("EHLO [127.0.0.1]");
        return wire.expect(250);
    }

    /** RFC 4954 with the mechanism PLAIN (RFC 4616). */
    private void signIn(SmtpWire wire, List<String> can) throws IOException {
        String user = account.user();
        byte[] password = account.password();
        if (user == null || password == null) {
            return;
        }
        if (can.stream().noneMatch(line -> line.matches("AUTH( .*)? PLAIN( .*)?"))) {
            throw new ProtocolException("the server does not offer AUTH PLAIN");
        }
        byte[] name = user.getBytes(StandardCharsets.UTF_8);
        byte[] plain = ByteBuffer.allocate(2 + name.length + password.length)
                .put((byte) 0)
                .put(name)
                .put((byte) 0)
                .put(password)
                .array();
        byte[] encoded = Base64.getEncoder().encode(plain);
        try {
            wire.say(ascii("AUTH PLAIN "), encoded);
            wire.expect(235);
        } finally {
            Arrays.fill(plain, (byte) 0);
            Arrays.fill(encoded, (byte) 0);
        }
    }

    private static boolean isCode(byte[] text) {
        boolean fits = text.length >= 1 && text.length <= CODE_CHARS_MAX;
        for (byte letter : text) {
            fits &= (letter >= 'A' && letter <= 'Z')
                    || (letter >= 'a' && letter <= 'z')
                    || (letter >= '0' && letter <= '9')
                    || letter == '_'
                    || letter == '-';
        }
        return fits;
    }

    private void write(SmtpWire wire, byte[] from, byte[] to, Secret code) throws IOException {
        wire.say(ascii("From: <"), from, ascii(">"));
        wire.say(ascii("To: <"), to, ascii(">"));
        wire.say("Subject: Your code");
        wire.say(
                "Date: ",
                DATE.format(time.instant().truncatedTo(ChronoUnit.MINUTES).atOffset(ZoneOffset.UTC)));
        wire.say(ascii("Message-ID: <" + Secrets.newToken()), domain(from), ascii(">"));
        // No robot shall answer it (RFC 3834).
        wire.say("Auto-Submitted: auto-generated");
        wire.say("MIME-Version: 1.0");
        wire.say("Content-Type: text/plain; charset=us-ascii");
        wire.say("");
        byte[] text = code.lend(byte[]::clone);
        try {
            wire.say(text);
        } finally {
            Arrays.fill(text, (byte) 0);
        }
        wire.say(".");
    }

    private static byte[] domain(byte[] address) {
        int at = 0;
        while (address[at] != '@') {
            at++;
        }
        return Arrays.copyOfRange(address, at, address.length);
    }

    /** The mail is the server's by now; whether it says goodbye is its own affair. */
    private static void quit(SmtpWire wire) {
        try {
            wire.say("QUIT");
            wire.expect(221);
        } catch (IOException impolite) {
            return;
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
