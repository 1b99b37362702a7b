// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;

/** The smallest HTTP client that goes through SOCKS5 with the name left to the proxy (RFC 1928, RFC 1929). */
public final class OnionHttp {
    private static final int TIMEOUT_MILLIS = 60_000;

    private OnionHttp() {}

    /**
     * @param isolation streams with different words here go over different circuits
     * @return the whole answer, head and body
     */
    public static String get(int socksPort, String isolation, String onion, String path) throws IOException {
        try (Socket socket = open(socksPort, isolation, onion, 80)) {
            OutputStream out = socket.getOutputStream();
            out.write(("GET " + path + " HTTP/1.1\r\nHost: " + onion + "\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** A stream to {@code onion}, ready for the first byte. */
    public static Socket open(int socksPort, String isolation, String onion, int port) throws IOException {
        Socket socket = new Socket(loopback(), socksPort);
        try {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            OutputStream out = socket.getOutputStream();
            DataInputStream in = new DataInputStream(socket.getInputStream());
            out.write(new byte[] {5, 1, 2});
            expect(in, 5, 2);
            byte[] user = isolation.getBytes(StandardCharsets.US_ASCII);
            out.write(1);
            out.write(user.length);
            out.write(user);
            out.write(new byte[] {1, 'x'});
            expect(in, 1, 0);
            byte[] name = onion.getBytes(StandardCharsets.US_ASCII);
            out.write(new byte[] {5, 1, 0, 3, (byte) name.length});
            out.write(name);
            out.write(new byte[] {(byte) (port >> 8), (byte) port});
            expect(in, 5, 0);
            in.readFully(new byte[8]);
            return socket;
        } catch (IOException refused) {
            socket.close();
            throw refused;
        }
    }

    private static InetAddress loopback() throws UnknownHostException {
        return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    }

    private static void expect(DataInputStream in, int first, int second) throws IOException {
        int gotFirst = in.readUnsignedByte();
        int gotSecond = in.readUnsignedByte();
        if (gotFirst != first || gotSecond != second) {
            throw new IOException("SOCKS answer " + gotFirst + " " + gotSecond);
        }
    }
}
