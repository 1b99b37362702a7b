// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** Commands and replies of SMTP (RFC 5321, section 4.2), as they are or, from {@link #secure} on, under TLS. All is bounded. */
final class SmtpWire {
    /** RFC 5321, section 4.5.3.1.5 has 512; some servers have more to say. */
    private static final int LINE_BYTES_MAX = 1_024;

    private static final int LINES_MAX = 100;
    private static final byte[] CRLF = {'\r', '\n'};

    private final SocksChannel channel;
    private final ByteBuffer came = ByteBuffer.allocate(4_096).flip();
    private @Nullable TlsChannel tls;

    SmtpWire(SocksChannel channel) {
        this.channel = channel;
    }

    /** From here on under TLS. */
    void secure(SSLContext context, String host, int port) throws IOException {
        if (came.hasRemaining()) {
            // Said by somebody on the way, to be taken for the server's own word afterwards (CVE-2011-0411).
            throw new ProtocolException("the server has spoken before TLS");
        }
        tls = TlsChannel.over(channel, context, host, port);
    }

    /**
     * Reads a reply.
     *
     * @param expected its code
     * @return its lines, in upper case, without the code
     * @throws ProtocolException that names the code alone: the words could hold what was sent
     */
    List<String> expect(int expected) throws IOException {
        List<String> lines = new ArrayList<>();
        String code = String.valueOf(expected);
        while (lines.size() < LINES_MAX) {
            String line = line();
            if (!line.matches("[2-5][0-9]{2}([ -].*)?")) {
                throw new ProtocolException("the server does not speak SMTP");
            }
            if (!line.startsWith(code)) {
                throw new ProtocolException("the server answers " + line.substring(0, 3) + " and not " + code);
            }
            lines.add(line.length() > 4 ? line.substring(4).toUpperCase(Locale.ROOT) : "");
            if (line.length() == 3 || line.charAt(3) == ' ') {
                return lines;
            }
        }
        throw new ProtocolException("the server's reply does not end");
    }

    private String line() throws IOException {
        byte[] line = new byte[LINE_BYTES_MAX];
        int length = 0;
        while (length < LINE_BYTES_MAX) {
            byte next = next();
            if (next == '\n') {
                int end = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
                return new String(line, 0, end, StandardCharsets.ISO_8859_1);
            }
            line[length++] = next;
        }
        throw new ProtocolException("a line of the server does not end");
    }

    private byte next() throws IOException {
        if (!came.hasRemaining()) {
            came.clear();
            int count = tls == null ? channel.read(came) : tls.read(came);
            came.flip();
            if (count < 0) {
                throw new EOFException("the server has ended the connection");
            }
        }
        return came.get();
    }

    /** Sends a command, or a line of the message; none of it may hold the end of a line. */
    void say(String... parts) throws IOException {
        byte[][] bytes = new byte[parts.length][];
        for (int i = 0; i < parts.length; i++) {
            bytes[i] = parts[i].getBytes(StandardCharsets.US_ASCII);
        }
        say(bytes);
    }

    /** The same, of bytes; what this made of them is overwritten once they are sent. */
    void say(byte[]... parts) throws IOException {
        int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
        ByteBuffer line = ByteBuffer.allocate(length + CRLF.length);
        for (byte[] part : parts) {
            for (byte one : part) {
                // Whoever could end a line could give the server a command.
                if (one == '\r' || one == '\n' || one == 0) {
                    throw new IllegalStateException("a line with a line's end in it");
                }
            }
            line.put(part);
        }
        line.put(CRLF).flip();
        try {
            if (tls == null) {
                channel.write(line);
            } else {
                tls.write(line);
            }
        } finally {
            Arrays.fill(line.array(), (byte) 0);
        }
    }
}
