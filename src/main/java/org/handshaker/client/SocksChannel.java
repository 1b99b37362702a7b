// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * One connection to a SOCKS5 proxy (RFC 1928, RFC 1929), for what Jetty's client has no word for: bytes to a server that speaks
 * no HTTP, and what a name stands for, by tor's command RESOLVE (socks-extensions.txt, section 2). Names go to the proxy as they
 * are; the credentials are the circuit's. However long the other side takes, it ends when its time is over.
 */
final class SocksChannel implements AutoCloseable {
    private static final int CONNECT = 1;
    private static final int RESOLVE = 0xF0;
    private static final int USERNAME_PASSWORD = 2;
    private static final int IPV4 = 1;
    private static final int NAME = 3;
    private static final int IPV6 = 4;
    private static final int PORT_BYTES = 2;

    private final SocketChannel channel;
    private final ScheduledFuture<?> end;

    private SocksChannel(SocketChannel channel, ScheduledFuture<?> end) {
        this.channel = channel;
        this.end = end;
    }

    /**
     * Signs in to the proxy.
     *
     * @param longest for all that happens on this connection
     * @param clock ends it then
     * @throws SocksFault if that cannot be done: what lies behind the proxy was not asked for yet
     */
    static SocksChannel open(
            SocketAddress proxy, String username, String password, Duration longest, ScheduledExecutorService clock)
            throws SocksFault {
        try {
            return signedIn(proxy, username, password, longest, clock);
        } catch (SocketException nobody) {
            throw new SocksFault("No SOCKS proxy (tor) listens at " + Socks.place(proxy) + ".", nobody);
        } catch (IOException silentOrForeign) {
            throw new SocksFault(
                    "What listens at " + Socks.place(proxy) + " does not answer as a SOCKS proxy (tor) does.",
                    silentOrForeign);
        }
    }

    private static SocksChannel signedIn(
            SocketAddress proxy, String username, String password, Duration longest, ScheduledExecutorService clock)
            throws IOException {
        SocketChannel channel = proxy instanceof UnixDomainSocketAddress
                ? SocketChannel.open(StandardProtocolFamily.UNIX)
                : SocketChannel.open();
        // A channel has no time-out of its own; closing it ends whatever waits in it.
        SocksChannel socks = new SocksChannel(
                channel, clock.schedule(() -> closeQuietly(channel), longest.toMillis(), TimeUnit.MILLISECONDS));
        try {
            channel.connect(proxy);
            socks.signIn(username, password);
            return socks;
        } catch (IOException | RuntimeException failed) {
            socks.close();
            throw failed;
        }
    }

    private void signIn(String username, String password) throws IOException {
        write(ByteBuffer.wrap(new byte[] {5, 1, USERNAME_PASSWORD}));
        require(read(2), 5, USERNAME_PASSWORD);
        ByteBuffer credentials = ByteBuffer.allocate(513).put((byte) 1);
        text(credentials, username);
        text(credentials, password);
        write(credentials.flip());
        require(read(2), 1, 0);
    }

    /** What a name stands for; the proxy ends the connection afterwards. */
    InetAddress resolve(String host) throws IOException {
        byte[] address = ask(RESOLVE, host, 0);
        if (address.length != 4 && address.length != 16) {
            throw new IOException("the proxy's answer is no address");
        }
        return InetAddress.getByAddress(address);
    }

    /** From here on {@link #read} and {@link #write} reach the server. */
    void connect(String host, int port) throws IOException {
        ask(CONNECT, host, port);
    }

    private byte[] ask(int command, String host, int port) throws IOException {
        ByteBuffer question = ByteBuffer.allocate(262)
                .put((byte) 5)
                .put((byte) command)
                .put((byte) 0)
                .put((byte) NAME);
        text(question, host);
        write(question.putShort((short) port).flip());
        ByteBuffer answer = read(4);
        require(answer, 5, 0);
        int length =
                switch (answer.get(3)) {
                    case IPV4 -> 4;
                    case IPV6 -> 16;
                    case NAME -> Byte.toUnsignedInt(read(1).get(0));
                    default -> throw new IOException("the proxy's answer is no address");
                };
        byte[] address = new byte[length];
        read(length + PORT_BYTES).get(address);
        return address;
    }

    private static void require(ByteBuffer answer, int first, int second) throws IOException {
        if (answer.get(0) != first || answer.get(1) != second) {
            throw new IOException("SOCKS5: the proxy does not do this (" + (answer.get(1) & 0xff) + ")");
        }
    }

    private static void text(ByteBuffer to, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        to.put((byte) bytes.length).put(bytes);
    }

    /** Writes all of it. */
    void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Waits for one byte at least; -1 at the end. */
    int read(ByteBuffer into) throws IOException {
        return channel.read(into);
    }

    private ByteBuffer read(int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new EOFException("the proxy ended the connection");
            }
        }
        return bytes.flip();
    }

    @Override
    public void close() {
        end.cancel(false);
        closeQuietly(channel);
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException broken) {
            // It is of no use any more, and that was the aim.
            return;
        }
    }
}
