// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Asks a SOCKS proxy what a name stands for, by tor's command RESOLVE (socks-extensions.txt, section 2): the look-up happens at
 * the exit and not here, with the credentials, and so the circuit, of the connection that follows.
 */
final class SocksResolve {
    private static final int RESOLVE = 0xF0;
    private static final int USERNAME_PASSWORD = 2;
    private static final int NAME = 3;
    private static final int IPV4 = 1;
    private static final int IPV6 = 4;

    private final SocketAddress proxy;
    private final String username;
    private final String password;
    private final ScheduledExecutorService clock;

    SocksResolve(SocketAddress proxy, String username, String password, ScheduledExecutorService clock) {
        this.proxy = proxy;
        this.username = username;
        this.password = password;
        this.clock = clock;
    }

    InetAddress resolve(String host, Duration longest) throws IOException {
        try (SocketChannel channel = proxy instanceof java.net.UnixDomainSocketAddress
                ? SocketChannel.open(java.net.StandardProtocolFamily.UNIX)
                : SocketChannel.open()) {
            // A channel has no time-out of its own; closing it ends whatever waits in it.
            ScheduledFuture<?> end =
                    clock.schedule(() -> closeQuietly(channel), longest.toMillis(), TimeUnit.MILLISECONDS);
            try {
                channel.connect(proxy);
                return ask(channel, host);
            } finally {
                end.cancel(false);
            }
        }
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException broken) {
            // It is of no use any more, and that was the aim.
            return;
        }
    }

    private InetAddress ask(SocketChannel channel, String host) throws IOException {
        write(channel, ByteBuffer.wrap(new byte[] {5, 1, USERNAME_PASSWORD}));
        require(read(channel, 2), 5, USERNAME_PASSWORD);
        ByteBuffer credentials = ByteBuffer.allocate(513).put((byte) 1);
        text(credentials, username);
        text(credentials, password);
        write(channel, credentials.flip());
        require(read(channel, 2), 1, 0);
        ByteBuffer question = ByteBuffer.allocate(262)
                .put((byte) 5)
                .put((byte) RESOLVE)
                .put((byte) 0)
                .put((byte) NAME);
        text(question, host);
        write(channel, question.putShort((short) 0).flip());
        ByteBuffer answer = read(channel, 4);
        require(answer, 5, 0);
        int length =
                switch (answer.get(3)) {
                    case IPV4 -> 4;
                    case IPV6 -> 16;
                    default -> throw new IOException("the proxy's answer is no address");
                };
        byte[] address = new byte[length];
        read(channel, length).get(address);
        return InetAddress.getByAddress(address);
    }

    private static void require(ByteBuffer answer, int first, int second) throws IOException {
        if (answer.get(0) != first || answer.get(1) != second) {
            throw new IOException("SOCKS5: the proxy does not resolve this (" + (answer.get(1) & 0xff) + ")");
        }
    }

    private static void text(ByteBuffer to, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        to.put((byte) bytes.length).put(bytes);
    }

    private static void write(SocketChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static ByteBuffer read(SocketChannel channel, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new EOFException("the proxy ended the connection");
            }
        }
        return bytes.flip();
    }
}
