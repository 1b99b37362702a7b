// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Writes for threads that must not spend their time on it: the commit thread above all, whose receipts go to many sockets at
 * once. While it writes to one socket, what others have to say gathers. Holds each socket once at most.
 */
final class Writer implements AutoCloseable {
    private final BlockingQueue<SignalSocket> waiting = new LinkedBlockingQueue<>();
    private final Thread thread = new Thread(this::run, "socket-writer");

    Writer() {
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    void write(SignalSocket socket) {
        waiting.add(socket);
    }

    private void run() {
        try {
            while (true) {
                waiting.take().write();
            }
        } catch (InterruptedException stopping) {
            waiting.forEach(SignalSocket::write);
        }
    }

    /** Writes what waits, and ends. */
    @Override
    public void close() {
        thread.interrupt();
    }
}
