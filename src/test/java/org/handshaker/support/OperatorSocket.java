// SPDX-License-Identifier: MIT
package org.handshaker.support;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The operator's socket of a relay, spoken to in bytes. */
public final class OperatorSocket {
    private final Path socket;

    public OperatorSocket(Path socket) {
        this.socket = socket;
    }

    /** The file beside it. */
    public Path tokenFile() {
        return socket.resolveSibling(socket.getFileName() + ".token");
    }

    public String token() throws IOException {
        return Files.readString(tokenFile()).strip();
    }

    /** Calls with the operator's token. */
    public RawHttp.Answer call(String method, String path, @Nullable String json) throws IOException {
        return call(method, path, json, token());
    }

    /** Calls with that token, or with none. */
    public RawHttp.Answer call(String method, String path, @Nullable String json, @Nullable String token)
            throws IOException {
        byte[] body = json == null ? new byte[0] : json.getBytes(StandardCharsets.UTF_8);
        String head = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + (token == null ? "" : "Authorization: Bearer " + token + "\r\n")
                + (json == null ? "" : "Content-Type: application/json\r\n") + "Content-Length: " + body.length
                + "\r\n\r\n";
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            // At once: who is refused by the head hears of it before a body could follow.
            ByteArrayOutputStream request = new ByteArrayOutputStream();
            request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
            request.writeBytes(body);
            channel.write(ByteBuffer.wrap(request.toByteArray()));
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            ByteBuffer part = ByteBuffer.allocate(16_384);
            while (channel.read(part) >= 0) {
                answer.write(part.array(), 0, part.position());
                part.clear();
            }
            return RawHttp.read(new ByteArrayInputStream(answer.toByteArray()));
        }
    }

    public JsonNode status() throws IOException {
        return new ObjectMapper().readTree(call("GET", "/admin/status", null).body());
    }
}
