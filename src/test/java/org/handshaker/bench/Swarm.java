// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Attackers, each with a circuit and a connection of its own, each with its next request as soon as the last one is answered;
 * who is cut off comes back at once. One thread for all of them, and bounded by its close.
 */
final class Swarm implements AutoCloseable {
    private static final int CONNECTING_MAX = 256;
    private static final int ENDING_SECONDS_MAX = 30;

    /** What an attacker says. */
    interface Speech {
        /** @param said how often this one has spoken before */
        byte[] next(int attacker, int said);
    }

    private final InetSocketAddress server;
    private final int firstCircuit;
    private final Speech speech;
    private final Selector selector;
    private final Queue<Integer> toConnect = new ArrayDeque<>();
    private final int[] said;
    private final ByteBuffer buffer = ByteBuffer.allocate(64 * 1_024);
    private final Map<String, LongAdder> answers = new ConcurrentHashMap<>();
    private final Thread thread = new Thread(this::run, "swarm");
    private int connecting;
    private volatile boolean isOver;

    Swarm(InetSocketAddress server, int attackers, int firstCircuit, Speech speech) throws IOException {
        this.server = server;
        this.firstCircuit = firstCircuit;
        this.speech = speech;
        this.selector = Selector.open();
        this.said = new int[attackers];
        for (int i = 0; i < attackers; i++) {
            toConnect.add(i);
        }
        thread.start();
    }

    /** One attacker's connection. */
    private static final class Wire {
        final int attacker;
        ByteBuffer out = ByteBuffer.allocate(0);
        final StringBuilder head = new StringBuilder();
        /** Of the body that is not read yet; -1 while the head is. */
        int left = -1;

        String status = "";

        Wire(int attacker) {
            this.attacker = attacker;
        }
    }

    private void run() {
        try {
            while (!isOver) {
                connectSome();
                selector.select(20);
                for (SelectionKey key : selector.selectedKeys()) {
                    serve(key);
                }
                selector.selectedKeys().clear();
            }
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
            selector.close();
        } catch (IOException broken) {
            throw new IllegalStateException("the swarm fell apart", broken);
        }
    }

    private void connectSome() throws IOException {
        while (connecting < CONNECTING_MAX) {
            @Nullable Integer attacker = toConnect.poll();
            if (attacker == null) {
                return;
            }
            SocketChannel channel = SocketChannel.open();
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT, new Wire(attacker));
            connecting++;
            if (channel.connect(server)) {
                key.interestOps(SelectionKey.OP_CONNECT);
            }
        }
    }

    private void serve(SelectionKey key) throws IOException {
        Wire wire = (Wire) key.attachment();
        SocketChannel channel = (SocketChannel) key.channel();
        try {
            if (key.isConnectable()) {
                connecting--;
                channel.finishConnect();
                speak(wire, Caller.preface(firstCircuit + wire.attacker));
            } else if (key.isReadable()) {
                listen(wire, channel);
            }
            if (wire.out.hasRemaining()) {
                channel.write(wire.out);
            }
            key.interestOps(wire.out.hasRemaining() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
        } catch (IOException cutOff) {
            count("cut off");
            channel.close();
            toConnect.add(wire.attacker);
        }
    }

    private void speak(Wire wire, String before) {
        byte[] first = before.getBytes(US_ASCII);
        byte[] then = speech.next(wire.attacker, said[wire.attacker]++);
        wire.out = ByteBuffer.allocate(first.length + then.length)
                .put(first)
                .put(then)
                .flip();
    }

    private void listen(Wire wire, SocketChannel channel) throws IOException {
        buffer.clear();
        if (channel.read(buffer) < 0) {
            throw new IOException("cut off");
        }
        buffer.flip();
        while (buffer.hasRemaining()) {
            if (wire.left < 0) {
                wire.head.append((char) buffer.get());
                if (wire.head.length() > 3 && wire.head.indexOf("\r\n\r\n", wire.head.length() - 4) >= 0) {
                    wire.status = wire.head.substring(9, 12);
                    wire.left = length(wire.head);
                    wire.head.setLength(0);
                }
            } else {
                int skipped = Math.min(wire.left, buffer.remaining());
                if (wire.status.startsWith("4") || wire.status.startsWith("5")) {
                    note(wire, skipped);
                }
                buffer.position(buffer.position() + skipped);
                wire.left -= skipped;
            }
            if (wire.left == 0) {
                count(wire.status);
                wire.left = -1;
                wire.status = "";
                speak(wire, "");
            }
        }
    }

    /** Adds the code of a problem to its status. */
    private void note(Wire wire, int bytes) {
        String part = new String(buffer.array(), buffer.position(), Math.min(bytes, 400), ISO_8859_1);
        int code = part.indexOf("\"code\":\"");
        if (code >= 0 && wire.status.length() == 3) {
            wire.status += " " + part.substring(code + 8, part.indexOf('"', code + 8));
        }
    }

    private static int length(StringBuilder head) {
        String lower = head.toString().toLowerCase(java.util.Locale.ROOT);
        int at = lower.indexOf("content-length:");
        return at < 0
                ? 0
                : Integer.parseInt(
                        lower.substring(at + 15, lower.indexOf('\r', at)).strip());
    }

    private void count(String what) {
        answers.computeIfAbsent(what, first -> new LongAdder()).increment();
    }

    /** How many are connected. */
    int connected() {
        return selector.keys().size();
    }

    /** What they were answered so far, and how often. */
    Map<String, Long> answers() {
        Map<String, Long> sums = new TreeMap<>();
        answers.forEach((what, count) -> sums.put(what, count.sum()));
        return sums;
    }

    @Override
    public void close() {
        isOver = true;
        try {
            thread.join(TimeUnit.SECONDS.toMillis(ENDING_SECONDS_MAX));
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}
