// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.subethamail.smtp.RejectException;
import org.subethamail.smtp.auth.LoginFailedException;
import org.subethamail.smtp.auth.PlainAuthenticationHandlerFactory;
import org.subethamail.smtp.server.SMTPServer;
import org.subethamail.smtp.server.Session;

/** A real SMTP server on loopback (SubEthaSMTP), which keeps what comes. */
public final class MailReceiver implements AutoCloseable {
    public static final String USER = "relay";
    public static final String PASSWORD = "a password with ümlaut";

    /**
     * What came.
     *
     * @param helo how the client called itself
     */
    public record Mail(String helo, boolean isSecure, String from, String to, String text) {
        /** The part after the first empty line, without the line's end. */
        public String body() {
            return text.substring(text.indexOf("\r\n\r\n") + 4).strip();
        }
    }

    private final SMTPServer server;
    private final List<Mail> mails = new CopyOnWriteArrayList<>();
    private final AtomicInteger refusals = new AtomicInteger();

    private MailReceiver(SMTPServer.Builder how) {
        this.server = how.bindAddress(InetAddress.getLoopbackAddress())
                .port(0)
                .hostName("mail.somewhere.net")
                .authenticationHandlerFactory(new PlainAuthenticationHandlerFactory((user, password, context) -> {
                    if (!user.equals(USER) || !password.equals(PASSWORD)) {
                        throw new LoginFailedException();
                    }
                }))
                .insertReceivedHeaders(false)
                .messageHandler((context, from, to, data) -> take((Session) context, from, to, data))
                .build();
        server.start();
    }

    /** Without TLS, as an onion may be. */
    public static MailReceiver plain() {
        return new MailReceiver(new SMTPServer.Builder());
    }

    /** TLS from the first byte; signing in is demanded. {@code trust}: see {@link OwnAuthority}. */
    public static MailReceiver secure(String name, Path trust) throws Exception {
        return new MailReceiver(new SMTPServer.Builder()
                .serverSocketFactory(OwnAuthority.contextFor(name, trust))
                .requireAuth());
    }

    /** TLS after STARTTLS, and nothing without; signing in is demanded. */
    public static MailReceiver startingTls(String name, Path trust) throws Exception {
        return new MailReceiver(new SMTPServer.Builder()
                .startTlsSocketFactory(OwnAuthority.contextFor(name, trust))
                .enableTLS()
                .requireTLS()
                .requireAuth());
    }

    private void take(Session session, String from, String to, byte[] data) throws RejectException {
        if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new RejectException(451, "not now");
        }
        String helo = session.getHelo().orElse("");
        mails.add(new Mail(helo, session.isTLSStarted(), from, to, new String(data, StandardCharsets.UTF_8)));
    }

    public int port() {
        return server.getPortAllocated();
    }

    /** Refuses the next mails for the moment. */
    public void refuseNext(int count) {
        refusals.set(count);
    }

    public List<Mail> mails() {
        return List.copyOf(mails);
    }

    public void forget() {
        mails.clear();
    }

    public Mail await(int number, int secondsMax) {
        Await.until("mail " + number, secondsMax, () -> mails.size() >= number);
        return mails.get(number - 1);
    }

    @Override
    public void close() {
        server.stop();
    }
}
