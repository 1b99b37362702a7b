// SPDX-License-Identifier: MIT
package org.handshaker.support;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;

/** One connection for several requests, said byte by byte: what is left over of one meets the next. */
public final class KeptConnection implements AutoCloseable {
    private static final int ANSWER_MILLIS_MAX = 20_000;

    private final Socket socket;
    private final InputStream in;

    /** @param url {@code http://127.0.0.1:PORT} */
    public KeptConnection(String url) {
        try {
            URI uri = URI.create(url);
            socket = new Socket(InetAddress.getByName(uri.getHost()), uri.getPort());
            socket.setSoTimeout(ANSWER_MILLIS_MAX);
            in = new BufferedInputStream(socket.getInputStream());
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    public KeptConnection send(String bytes) {
        return send(bytes.getBytes(UTF_8));
    }

    public KeptConnection send(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            return this;
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** The next answer, an interim one too. */
    public RawHttp.Answer answer() {
        try {
            return RawHttp.read(in);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** Waits for the relay to hang up, and for nothing else. */
    public boolean isClosedByTheRelay() {
        try {
            return in.read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
