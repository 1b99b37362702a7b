// SPDX-License-Identifier: MIT
package org.handshaker.support;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.Map;
import org.handshaker.web.Json;

/**
 * WebSocket frames as bytes (RFC 6455), for clients as they should not be: who never answer a ping or a close, never read, or
 * say anything at any time.
 */
public final class WireSocket implements AutoCloseable {
    public static final int CONTINUATION = 0;
    public static final int TEXT = 1;
    public static final int BINARY = 2;
    public static final int CLOSE = 8;
    public static final int PING = 9;
    public static final int PONG = 10;

    private static final int ANSWER_MILLIS_MAX = 15_000;

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;
    private final String answer;

    /** One frame from the relay; the relay sends each message whole. */
    public record Frame(int opcode, byte[] payload) {
        public String text() {
            return new String(payload, UTF_8);
        }

        public Map<String, Object> json() {
            return Json.map(text());
        }
    }

    private WireSocket(String url, String... headers) throws IOException {
        URI uri = URI.create(url);
        String path = uri.getPath().isEmpty() ? "/ws" : uri.getPath();
        socket = new Socket(InetAddress.getByName(uri.getHost()), uri.getPort());
        socket.setSoTimeout(ANSWER_MILLIS_MAX);
        in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
        out = socket.getOutputStream();
        StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: " + uri.getAuthority()
                + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        for (String header : headers) {
            request.append(header).append("\r\n");
        }
        out.write(request.append("\r\n").toString().getBytes(ISO_8859_1));
        answer = head();
    }

    /**
     * @param url the relay's address, for {@code /ws}, or with another path
     * @param headers whole lines, beside those of the upgrade
     */
    public static WireSocket open(String url, String... headers) {
        try {
            return new WireSocket(url, headers);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private String head() throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(ISO_8859_1).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("the upgrade was not answered");
            }
            head.write(next);
        }
        return head.toString(ISO_8859_1);
    }

    /** The head of the relay's answer to the upgrade. */
    public String answer() {
        return answer;
    }

    public int status() {
        return Integer.parseInt(answer.substring(9, 12));
    }

    public WireSocket text(String frame) {
        return send(TEXT, frame.getBytes(UTF_8));
    }

    /** Sends one final frame; the mask is zero, which a client may choose. */
    public WireSocket send(int opcode, byte[] payload) {
        return frame(true, opcode, payload);
    }

    /** Sends one frame of a message that may go on. */
    public WireSocket frame(boolean isFinal, int opcode, byte[] payload) {
        return frame(isFinal, opcode, payload.length, payload);
    }

    /** Sends the head of a final frame, and the beginning of what it promises. */
    public WireSocket promise(int opcode, int length, byte[] payload) {
        return frame(true, opcode, length, payload);
    }

    private WireSocket frame(boolean isFinal, int opcode, int length, byte[] payload) {
        ByteBuffer head = ByteBuffer.allocate(14).put((byte) ((isFinal ? 0x80 : 0) | opcode));
        if (length < 126) {
            head.put((byte) (0x80 | length));
        } else if (length < 65_536) {
            head.put((byte) (0x80 | 126)).putShort((short) length);
        } else {
            head.put((byte) (0x80 | 127)).putLong(length);
        }
        head.putInt(0).flip();
        byte[] frame = new byte[head.remaining() + payload.length];
        head.get(frame, 0, head.remaining());
        System.arraycopy(payload, 0, frame, frame.length - payload.length, payload.length);
        return raw(frame);
    }

    /** Sends bytes as they are. */
    public WireSocket raw(byte[] frames) {
        try {
            out.write(frames);
            return this;
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** The next frame, whatever it is; the end of the connection is a close with 1006. */
    public Frame read() {
        try {
            int opcode = in.readUnsignedByte() & 0x0f;
            int length = in.readUnsignedByte();
            if (length == 126) {
                length = in.readUnsignedShort();
            } else if (length == 127) {
                length = Math.toIntExact(in.readLong());
            }
            return new Frame(opcode, in.readNBytes(length));
        } catch (java.io.EOFException | SocketException over) {
            return new Frame(
                    CLOSE, ByteBuffer.allocate(2).putShort((short) 1_006).array());
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** The next frame of text. */
    public Map<String, Object> next() {
        Frame frame = read();
        if (frame.opcode() != TEXT) {
            throw new AssertionError("not a frame of text but " + frame.opcode() + " " + closeCode(frame));
        }
        return frame.json();
    }

    /** The next frame of text of another type: news of that one comes when it comes. */
    public Map<String, Object> nextBut(String type) {
        Map<String, Object> frame = next();
        while (type.equals(frame.get("type"))) {
            frame = next();
        }
        return frame;
    }

    /** Reads up to the close and returns its code, without answering it. */
    public int closeCode() {
        while (true) {
            Frame frame = read();
            if (frame.opcode() == CLOSE) {
                return closeCode(frame);
            }
        }
    }

    private static int closeCode(Frame frame) {
        return frame.payload().length < 2 ? 0 : ByteBuffer.wrap(frame.payload()).getShort();
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
