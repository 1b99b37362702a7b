// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Listens on a Unix socket and answers each connection with 200 and, as the body, the first bytes that it was sent. */
public final class UnixResponder implements AutoCloseable {
    private final Path path;
    private final ServerSocketChannel server;
    private final Thread thread;

    public UnixResponder(Path path) throws IOException {
        this.path = path;
        this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
        this.thread = new Thread(this::serve, "unix-responder");
        this.thread.setDaemon(true);
        this.thread.start();
    }

    public UnixDomainSocketAddress address() {
        return UnixDomainSocketAddress.of(path);
    }

    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(path);
    }

    private void serve() {
        while (server.isOpen()) {
            try (SocketChannel client = server.accept()) {
                answer(client);
            } catch (IOException closedOrBroken) {
                // The next one may do better; when we are closed the loop ends.
            }
        }
    }

    private static void answer(SocketChannel client) throws IOException {
        ByteBuffer received = ByteBuffer.allocate(4_096);
        String text = "";
        while (!text.contains("\r\n\r\n") && client.read(received) >= 0) {
            text = new String(received.array(), 0, received.position(), StandardCharsets.ISO_8859_1);
        }
        ByteBuffer reply = ByteBuffer.wrap(
                ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + text.length() + "\r\n\r\n" + text)
                        .getBytes(StandardCharsets.ISO_8859_1));
        while (reply.hasRemaining()) {
            client.write(reply);
        }
    }
}
