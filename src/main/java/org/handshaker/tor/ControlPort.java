// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A conversation with a tor over its control port (control-spec), by Unix socket or loopback TCP. One command at a time, each
 * answered within {@value #REPLY_SECONDS} s or the connection is given up; one thread reads. Lines and replies are bounded, so
 * that a broken peer cannot fill the memory.
 */
public final class ControlPort implements AutoCloseable {
    private static final int REPLY_SECONDS = 20;
    private static final int LINE_BYTES_MAX = 65_536;
    private static final int REPLY_LINES_MAX = 20_000;

    private final SocketChannel channel;
    private final Consumer<String> events;
    private final ReentrantLock oneCommand = new ReentrantLock();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread reader;
    /** The answer that is waited for; the reader takes it away when it completes it. */
    private volatile @Nullable CompletableFuture<Answer> pending;

    private record Answer(int status, List<String> lines) {}

    /** Tor answered, and said no. */
    public static final class CommandRefused extends IOException {
        private final int status;

        CommandRefused(int status, String sentence) {
            super(sentence);
            this.status = status;
        }

        /** control-spec 4: 5yz, such as 512 for a keyword this tor does not know. */
        public int status() {
            return status;
        }
    }

    private ControlPort(SocketChannel channel, Consumer<String> events) {
        this.channel = channel;
        this.events = events;
        this.reader = new Thread(this::read, "tor-control");
        this.reader.setDaemon(true);
    }

    /**
     * Connects, without authenticating.
     *
     * @param events gets the first line of each asynchronous event, without its {@code "650 "}; runs on the reading thread, so
     *     it must neither block nor send a command
     */
    public static ControlPort connect(SocketAddress address, Consumer<String> events) throws IOException {
        SocketChannel channel = address instanceof UnixDomainSocketAddress
                ? SocketChannel.open(java.net.StandardProtocolFamily.UNIX)
                : SocketChannel.open();
        try {
            channel.connect(address);
        } catch (IOException unreachable) {
            channel.close();
            throw unreachable;
        }
        ControlPort port = new ControlPort(channel, events);
        port.reader.start();
        return port;
    }

    /** Authenticates in the way this tor offers: nothing at all, or knowledge of its cookie, which never goes over the wire. */
    public void authenticate() throws IOException {
        ControlCookie.authenticate(this);
    }

    /** The value of one key, such as {@code "version"}; the lines of it when there are many. */
    public List<String> getInfo(String key) throws IOException {
        List<String> lines = new ArrayList<>(command("GETINFO " + key));
        String first = lines.get(0);
        String prefix = key + "=";
        if (!first.startsWith(prefix)) {
            throw new IOException("tor answered something else than " + key);
        }
        lines.set(0, first.substring(prefix.length()));
        if (lines.get(lines.size() - 1).equals("OK")) {
            lines.remove(lines.size() - 1);
        }
        return lines;
    }

    /** Asks for exactly these events from now on. */
    public void setEvents(String... names) throws IOException {
        command("SETEVENTS " + String.join(" ", names));
    }

    public void signal(String name) throws IOException {
        command("SIGNAL " + name);
    }

    /** From now on tor exits when this connection closes. */
    public void takeOwnership() throws IOException {
        command("TAKEOWNERSHIP");
    }

    /**
     * Sends one line and waits for its answer.
     *
     * @return the lines of a positive answer without their status codes; the lines of a data block stand after the line that
     *     announced it
     * @throws CommandRefused when tor says no
     */
    public List<String> command(String line) throws IOException {
        if (line.indexOf('\r') >= 0 || line.indexOf('\n') >= 0) {
            throw new IllegalArgumentException("a command is one line");
        }
        oneCommand.lock();
        try {
            CompletableFuture<Answer> answer = new CompletableFuture<>();
            pending = answer;
            if (closed.getCount() == 0) {
                throw new IOException("tor's control connection is closed");
            }
            ByteBuffer bytes = ByteBuffer.wrap((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            Answer got = answer.get(REPLY_SECONDS, TimeUnit.SECONDS);
            if (got.status / 100 != 2) {
                throw new CommandRefused(got.status, "tor refused: " + Printable.of(got.lines.get(0)));
            }
            return got.lines;
        } catch (TimeoutException silent) {
            close();
            throw new IOException("tor did not answer within " + REPLY_SECONDS + " s", silent);
        } catch (ExecutionException lost) {
            throw new IOException("tor's control connection was lost", lost);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            close();
            throw new IOException("interrupted while waiting for tor", interrupted);
        } finally {
            pending = null;
            oneCommand.unlock();
        }
    }

    /** Waits so long for the connection's end, by either side; whether it has ended. */
    boolean hasEndedWithin(Duration wait) throws InterruptedException {
        return closed.await(wait.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException alreadyGone) {
            // Nothing is left to be closed.
        }
        finish();
    }

    private void finish() {
        closed.countDown();
        @Nullable CompletableFuture<Answer> waiting = pending;
        if (waiting != null) {
            waiting.completeExceptionally(new IOException("tor's control connection is closed"));
        }
    }

    private void read() {
        try {
            Lines lines = new Lines(channel, LINE_BYTES_MAX);
            while (true) {
                readAnswer(lines);
            }
        } catch (IOException ended) {
            // The end of the stream, a reset, our own close, or a peer that breaks the bounds: in each case it is over.
        } finally {
            close();
        }
    }

    /** One answer or event: {@code 250-…}, {@code 250+…} with a data block up to a lone dot, and {@code 250 …} as the last. */
    private void readAnswer(Lines lines) throws IOException {
        List<String> text = new ArrayList<>();
        while (true) {
            String line = lines.next();
            if (line.length() < 4 || text.size() > REPLY_LINES_MAX) {
                throw new IOException("not a control port");
            }
            int status = status(line);
            text.add(line.substring(4));
            switch (line.charAt(3)) {
                case '-' -> {}
                case '+' -> readData(lines, text);
                case ' ' -> {
                    deliver(status, text);
                    return;
                }
                default -> throw new IOException("not a control port");
            }
        }
    }

    private static void readData(Lines lines, List<String> text) throws IOException {
        for (String data = lines.next(); !data.equals("."); data = lines.next()) {
            if (text.size() > REPLY_LINES_MAX) {
                throw new IOException("tor's answer is over its bound");
            }
            text.add(data.startsWith(".") ? data.substring(1) : data);
        }
    }

    private void deliver(int status, List<String> text) {
        if (status / 100 == 6) {
            events.accept(text.get(0));
            return;
        }
        @Nullable CompletableFuture<Answer> waiting = pending;
        if (waiting != null) {
            waiting.complete(new Answer(status, text));
        }
    }

    private static int status(String line) throws IOException {
        int status = 0;
        for (int i = 0; i < 3; i++) {
            int digit = line.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                throw new IOException("not a control port");
            }
            status = status * 10 + digit;
        }
        return status;
    }

    /** Splits the byte stream at CRLF. */
    private static final class Lines {
        private final SocketChannel channel;
        private final ByteBuffer bytes;

        Lines(SocketChannel channel, int lineBytesMax) {
            this.channel = channel;
            this.bytes = ByteBuffer.allocate(lineBytesMax).limit(0);
        }

        String next() throws IOException {
            int seen = 0;
            while (true) {
                for (int at = bytes.position() + seen; at < bytes.limit(); at++, seen++) {
                    if (bytes.get(at) == '\n') {
                        return take(at);
                    }
                }
                fill();
            }
        }

        private String take(int newline) {
            int start = bytes.position();
            int end = newline > start && bytes.get(newline - 1) == '\r' ? newline - 1 : newline;
            String line = new String(bytes.array(), start, end - start, StandardCharsets.ISO_8859_1);
            bytes.position(newline + 1);
            return line;
        }

        private void fill() throws IOException {
            bytes.compact();
            if (!bytes.hasRemaining()) {
                throw new IOException("tor's line is over its bound");
            }
            int read = channel.read(bytes);
            bytes.flip();
            if (read < 0) {
                throw new IOException("tor closed its control connection");
            }
        }
    }
}
