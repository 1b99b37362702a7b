// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The bare server beside the relay, behind the same onion: it reads so many bytes and sends so many, without looking at one.
 * Tor's line comes before them here too.
 */
final class Echo implements AutoCloseable {
    private static final int SECONDS_MAX = 60;

    private interface Talk {
        void with(Socket socket, DataInputStream in) throws IOException;
    }

    private final ServerSocket server;
    private final Talk talk;
    private volatile int lastBytes;
    private final CountDownLatch both = new CountDownLatch(2);
    private final CountDownLatch told = new CountDownLatch(1);
    private volatile int[] bytes = new int[4];
    private volatile Socket left = new Socket();

    private Echo(boolean isPipe) throws IOException {
        this.server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        this.talk = isPipe ? this::pass : this::answer;
        Thread acceptor = new Thread(this::accept, "echo");
        acceptor.setDaemon(true);
        acceptor.start();
    }

    /** Answers each call with as many bytes as it asks for. */
    static Echo calls() throws IOException {
        return new Echo(false);
    }

    /** Passes on between the first that comes and the second. */
    static Echo pipe() throws IOException {
        return new Echo(true);
    }

    int port() {
        return server.getLocalPort();
    }

    int lastBytes() {
        return lastBytes;
    }

    /** A call of so many bytes that asks for so many. */
    static byte[] asking(int length, int answer) {
        return ByteBuffer.allocate(length).putInt(length).putInt(answer).array();
    }

    /** @param sizes of what the first sends, the second gets, the second sends, the first gets */
    void pass(int[] sizes) {
        bytes = sizes.clone();
        told.countDown();
    }

    void awaitBoth() throws InterruptedException {
        if (!both.await(SECONDS_MAX, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the bare server was not found");
        }
    }

    /** The second of a pipe: reads, and answers. */
    static void answer(Socket socket, int read, int sent) {
        try {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            while (in.readNBytes(read).length == read) {
                socket.getOutputStream().write(new byte[sent]);
            }
        } catch (IOException over) {
            // The other end has had enough.
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                socket.setTcpNoDelay(true);
                DataInputStream in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
                Thread thread = new Thread(() -> serve(socket, in), "echo");
                thread.setDaemon(true);
                thread.start();
            }
        } catch (IOException closed) {
            // The measurement is over.
        }
    }

    private void serve(Socket socket, DataInputStream in) {
        try (socket) {
            int next = in.read();
            while (next >= 0 && next != '\n') {
                next = in.read();
            }
            talk.with(socket, in);
        } catch (IOException | InterruptedRun over) {
            // The other end has had enough.
        }
    }

    private static final class InterruptedRun extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private void answer(Socket socket, DataInputStream in) throws IOException {
        OutputStream out = socket.getOutputStream();
        while (true) {
            int length = in.readInt();
            int answer = in.readInt();
            in.readNBytes(length - 8);
            lastBytes = answer;
            out.write(new byte[answer]);
        }
    }

    private void pass(Socket socket, DataInputStream in) throws IOException {
        boolean isFirst;
        synchronized (both) {
            isFirst = both.getCount() == 2;
            if (isFirst) {
                left = socket;
            } else {
                right = socket;
            }
            both.countDown();
        }
        try {
            awaitBoth();
            if (!told.await(SECONDS_MAX, TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new InterruptedRun();
        }
        int read = isFirst ? bytes[0] : bytes[2];
        int sent = isFirst ? bytes[1] : bytes[3];
        OutputStream out = (isFirst ? right : left).getOutputStream();
        while (in.readNBytes(read).length == read) {
            out.write(new byte[sent]);
        }
    }

    private volatile Socket right = new Socket();

    @Override
    public void close() throws IOException {
        server.close();
    }
}
