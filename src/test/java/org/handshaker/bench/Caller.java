// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.jspecify.annotations.Nullable;

/** One client on one circuit, with one connection that is made again when it is lost. */
final class Caller implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 10_000;

    private final InetSocketAddress server;
    private final String preface;
    private @Nullable Socket socket;
    private @Nullable InputStream in;

    private Caller(InetSocketAddress server, String preface) {
        this.server = server;
        this.preface = preface;
    }

    static Caller plain(InetSocketAddress server) {
        return new Caller(server, "");
    }

    static Caller onCircuit(InetSocketAddress server, int circuit) {
        return new Caller(server, preface(circuit));
    }

    /** Tor's line for a circuit. */
    static String preface(int circuit) {
        return "PROXY TCP6 fc00:dead:beef:4dad::" + Integer.toHexString(circuit >>> 16) + ":"
                + Integer.toHexString(circuit & 0xffff) + " ::1 " + (circuit & 0xffff) + " 80\r\n";
    }

    /** An answer: its status and its body. */
    record Answer(int status, String body) {
        /** The text of a member. */
        String text(String member) {
            return body.replaceFirst("(?s).*\"" + member + "\":\"([^\"]*)\".*", "$1");
        }
    }

    static byte[] request(String method, String path, @Nullable String token, String json) {
        byte[] body = json.getBytes(UTF_8);
        return (method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n"
                        + (token == null ? "" : "Authorization: Bearer " + token + "\r\n")
                        + (json.isEmpty() ? "" : "Content-Type: application/json\r\n") + "Content-Length: "
                        + body.length + "\r\n\r\n" + json)
                .getBytes(UTF_8);
    }

    Answer call(String method, String path, @Nullable String token, String json) throws IOException {
        try {
            InputStream from = connected();
            Socket to = socket;
            if (to == null) {
                throw new IOException("not connected");
            }
            to.getOutputStream().write(request(method, path, token, json));
            return Http.read(from);
        } catch (IOException lost) {
            close();
            throw lost;
        }
    }

    private InputStream connected() throws IOException {
        if (in == null) {
            Socket made = new Socket();
            made.setTcpNoDelay(true);
            made.setSoTimeout(PATIENCE_MILLIS);
            made.connect(server, PATIENCE_MILLIS);
            made.getOutputStream().write(preface.getBytes(US_ASCII));
            socket = made;
            in = new BufferedInputStream(made.getInputStream());
        }
        return in;
    }

    @Override
    public void close() {
        try {
            if (socket != null) {
                socket.close();
            }
        } catch (IOException gone) {
            // As it should be.
        }
        socket = null;
        in = null;
    }
}
