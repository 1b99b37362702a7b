// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Thousands of WebSockets (RFC 6455), or connections that ask over HTTP, on the one thread that calls {@link #run}. It looks at bytes instead of parsing JSON and
 * writes what a turn of its loop has gathered at once, so that the server is the bottleneck and not this.
 */
final class Wires implements AutoCloseable {
    private static final int READ_BYTES = 512 * 1_024;
    private static final long SELECT_MILLIS = 100;

    private final InetSocketAddress server;
    private final Selector selector;
    private final ByteBuffer reading = ByteBuffer.allocateDirect(READ_BYTES);
    private final Set<Wire> wires = new HashSet<>();
    private final Deque<Wire> unwritten = new ArrayDeque<>();

    Wires(InetSocketAddress server) {
        this.server = server;
        try {
            this.selector = Selector.open();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** Hears of frames, on the loop's thread. */
    interface Listener {
        /** The payload of a text frame, or the body of an answer; the bytes are its own only during the call. */
        void frame(Wire wire, byte[] bytes, int length);
    }

    /** One socket. */
    final class Wire {
        private final SocketChannel channel;
        private final Listener listener;
        private ByteBuffer out = ByteBuffer.allocate(1_024);
        private byte[] left = new byte[0];
        private final String head;
        private final boolean isSocket;
        private boolean isUpgraded;
        private boolean isLinedUp;

        private Wire(SocketChannel channel, String head, boolean isSocket, Listener listener) {
            this.channel = channel;
            this.head = head;
            this.isSocket = isSocket;
            this.listener = listener;
        }

        /** Asks over HTTP at the end of this turn. */
        void get(String path) {
            ask("GET " + path + head);
        }

        private void ask(String request) {
            byte[] bytes = request.getBytes(StandardCharsets.US_ASCII);
            room(bytes.length).put(bytes);
            lineUp();
        }

        /** Sends a text frame at the end of this turn. The mask is zero: it is there, and costs only the server. */
        void send(byte[] text, int length) {
            ByteBuffer to = room(length + 14);
            to.put((byte) 0x81);
            if (length < 126) {
                to.put((byte) (0x80 | length));
            } else {
                to.put((byte) (0x80 | 126)).putShort((short) length);
            }
            to.putInt(0).put(text, 0, length);
            lineUp();
        }

        Listener listener() {
            return listener;
        }

        private ByteBuffer room(int bytes) {
            if (out.remaining() < bytes) {
                ByteBuffer larger = ByteBuffer.allocate(Math.max(out.capacity() * 2, out.position() + bytes));
                out.flip();
                out = larger.put(out);
            }
            return out;
        }

        private void lineUp() {
            if (!isLinedUp) {
                isLinedUp = true;
                unwritten.add(this);
            }
        }

        private void write() throws IOException {
            isLinedUp = false;
            out.flip();
            channel.write(out);
            out.compact();
            SelectionKey key = channel.keyFor(selector);
            key.interestOps(SelectionKey.OP_READ | (out.position() > 0 ? SelectionKey.OP_WRITE : 0));
        }

        private void read() throws IOException {
            reading.clear();
            int count = channel.read(reading);
            if (count < 0) {
                throw new EOFException("the server has closed a socket");
            }
            reading.flip();
            byte[] bytes = new byte[left.length + count];
            System.arraycopy(left, 0, bytes, 0, left.length);
            reading.get(bytes, left.length, count);
            int used = take(bytes);
            left = used == bytes.length ? EMPTY : Arrays.copyOfRange(bytes, used, bytes.length);
        }

        private int take(byte[] bytes) throws IOException {
            int at = 0;
            if (!isUpgraded) {
                int end = endOfHead(bytes);
                if (end < 0) {
                    return 0;
                }
                String answer = new String(bytes, 0, end, StandardCharsets.US_ASCII);
                if (!answer.startsWith(isSocket ? "HTTP/1.1 101" : "HTTP/1.1 200")) {
                    throw new IOException("refused: " + new String(bytes, StandardCharsets.UTF_8));
                }
                if (!isSocket) {
                    return answer(bytes, answer, end);
                }
                isUpgraded = true;
                at = end;
            }
            while (bytes.length - at >= 2) {
                int length = bytes[at + 1] & 0x7f;
                int head = 2;
                if (length == 126 && bytes.length - at >= 4) {
                    length = ((bytes[at + 2] & 0xff) << 8) | (bytes[at + 3] & 0xff);
                    head = 4;
                } else if (length == 127 && bytes.length - at >= 10) {
                    length = ByteBuffer.wrap(bytes, at + 6, 4).getInt();
                    head = 10;
                } else if (length >= 126) {
                    break;
                }
                if (bytes.length - at < head + length) {
                    break;
                }
                frame(bytes[at] & 0x0f, bytes, at + head, length);
                at += head + length;
            }
            return at;
        }

        private int answer(byte[] bytes, String head, int end) {
            int from = head.indexOf("Content-Length: ") + "Content-Length: ".length();
            int length = Integer.parseInt(head.substring(from, head.indexOf('\r', from)));
            if (bytes.length < end + length) {
                return 0;
            }
            listener.frame(this, Arrays.copyOfRange(bytes, end, end + length), length);
            return end + length;
        }

        private void frame(int opcode, byte[] bytes, int from, int length) throws IOException {
            switch (opcode) {
                case 1 -> {
                    byte[] text = from == 0 ? bytes : Arrays.copyOfRange(bytes, from, from + length);
                    listener.frame(this, text, length);
                }
                case 9 -> {
                    room(length + 6)
                            .put((byte) 0x8a)
                            .put((byte) (0x80 | length))
                            .putInt(0)
                            .put(bytes, from, length);
                    lineUp();
                }
                case 8 ->
                    throw new EOFException("the server closes a socket: "
                            + new String(bytes, from + 2, length - 2, StandardCharsets.UTF_8));
                default -> throw new IOException("a frame that nobody expects: " + opcode);
            }
        }

        void close() {
            wires.remove(this);
            try {
                channel.close();
            } catch (IOException gone) {
                throw new UncheckedIOException(gone);
            }
        }
    }

    private static final byte[] EMPTY = new byte[0];

    private static int endOfHead(byte[] bytes) {
        for (int i = 3; i < bytes.length; i++) {
            if (bytes[i] == '\n' && bytes[i - 1] == '\r' && bytes[i - 2] == '\n') {
                return i + 1;
            }
        }
        return -1;
    }

    /** Connects and asks for {@code /ws} with an access token; whatever is read comes to the listener. */
    Wire open(String token, Listener listener) {
        Wire wire = connect(token, true, listener);
        wire.ask("GET /ws" + wire.head.substring(0, wire.head.length() - 2)
                + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
        return wire;
    }

    /** Connects, for {@link Wire#get}. */
    Wire http(String token, Listener listener) {
        return connect(token, false, listener);
    }

    private Wire connect(String token, boolean isSocket, Listener listener) {
        try {
            SocketChannel channel = SocketChannel.open(server);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            // Ends with a reset: tens of thousands of them must not use up the ports.
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            channel.configureBlocking(false);
            String head = " HTTP/1.1\r\nHost: 127.0.0.1:" + server.getPort() + "\r\nAuthorization: Bearer " + token
                    + "\r\n\r\n";
            Wire wire = new Wire(channel, head, isSocket, listener);
            channel.register(selector, SelectionKey.OP_READ, wire);
            wires.add(wire);
            return wire;
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** Lets everything happen until a condition holds; false when the time is over first. */
    boolean run(Duration longest, BooleanSupplier until) {
        long end = System.nanoTime() + longest.toNanos();
        try {
            flush();
            while (!until.getAsBoolean()) {
                if (System.nanoTime() >= end) {
                    return false;
                }
                selector.select(this::turn, pauseMillis());
                flush();
            }
            return true;
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private long pauseMillis() {
        return schedule == null ? SELECT_MILLIS : 1;
    }

    private @Nullable Runnable schedule;

    /** Called at least once a millisecond while running, for senders that keep a pace; null for none. */
    void everyTurn(@Nullable Runnable what) {
        schedule = what;
    }

    private void turn(SelectionKey key) {
        Wire wire = (Wire) key.attachment();
        try {
            if (key.isReadable()) {
                wire.read();
            }
            if (key.isValid() && key.isWritable()) {
                wire.lineUp();
            }
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private void flush() throws IOException {
        @Nullable Runnable due = schedule;
        if (due != null) {
            due.run();
        }
        for (@Nullable Wire wire = unwritten.poll(); wire != null; wire = unwritten.poll()) {
            wire.write();
        }
    }

    void closeAll() {
        Set.copyOf(wires).forEach(Wire::close);
    }

    @Override
    public void close() {
        closeAll();
        try {
            selector.close();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
