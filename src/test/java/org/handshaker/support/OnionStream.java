// SPDX-License-Identifier: MIT
package org.handshaker.support;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;

/** One stream to an onion, kept for several requests. */
public final class OnionStream implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;
    private final String onion;

    /** @param isolation streams with different words here go over different circuits */
    public OnionStream(int socksPort, String isolation, String onion) throws IOException {
        this.socket = OnionHttp.open(socksPort, isolation, onion, 80);
        this.in = new BufferedInputStream(socket.getInputStream());
        this.onion = onion;
    }

    /** @param json the body; empty for none */
    public RawHttp.Answer call(String method, String path, String json) throws IOException {
        String type = json.isEmpty() ? "" : "Content-Type: application/json\r\n";
        String head = method + " " + path + " HTTP/1.1\r\nHost: " + onion + "\r\n" + type + "Content-Length: "
                + json.length() + "\r\n\r\n";
        socket.getOutputStream().write((head + json).getBytes(UTF_8));
        return RawHttp.read(in);
    }

    /** Waits, as long as the socket's own timeout, for the other side to hang up. */
    public boolean isCutOff() {
        try {
            return in.read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
