// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/** As much of HTTP/1.1 as it takes to read the relay's answers. */
final class Http {
    private Http() {}

    /** @param bytes of the head */
    record Head(int status, int bodyBytes, int bytes) {}

    static Head head(InputStream in) throws IOException {
        StringBuilder all = new StringBuilder();
        while (all.length() < 4 || all.indexOf("\r\n\r\n", all.length() - 4) < 0) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("cut off");
            }
            all.append((char) next);
        }
        String lower = all.toString().toLowerCase(java.util.Locale.ROOT);
        int at = lower.indexOf("content-length:");
        int length = at < 0
                ? 0
                : Integer.parseInt(
                        lower.substring(at + 15, lower.indexOf('\r', at)).strip());
        return new Head(Integer.parseInt(all.substring(9, 12)), length, all.length());
    }

    static Caller.Answer read(InputStream in) throws IOException {
        Head head = head(in);
        return new Caller.Answer(head.status, new String(in.readNBytes(head.bodyBytes), UTF_8));
    }

    /** Reads an answer that must be 200; returns how many bytes it had in all. */
    static int readOk(InputStream in) throws IOException {
        Head head = head(in);
        byte[] body = in.readNBytes(head.bodyBytes);
        if (head.status != 200) {
            throw new IOException("refused: " + head.status + " " + new String(body, UTF_8).strip());
        }
        return head.bytes + body.length;
    }
}
