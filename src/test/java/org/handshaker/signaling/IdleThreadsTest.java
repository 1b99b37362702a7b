// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.handshaker.core.Limits;
import org.handshaker.support.KeptConnection;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.handshaker.support.WireSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whoever waits, in a long-poll or on a socket, has no thread of the relay. */
@org.jspecify.annotations.NullUnmarked // the relay is there from the first test on
class IdleThreadsTest {
    private static final int USERS = 50;
    /** The web pool may grow to its bound while so many come at once; far fewer than those who wait. */
    private static final int THREADS_MORE_MAX = 70;

    private static TestRelay relay;
    private static final List<String> tokens = new ArrayList<>();

    @BeforeAll
    static void start() {
        relay = TestRelay.start();
        RawHttp http = new RawHttp(relay.address());
        for (int i = 0; i < USERS; i++) {
            tokens.add(http.signUp("waiter" + i));
        }
    }

    @AfterAll
    static void stop() {
        relay.close();
    }

    private static int threads() {
        return Thread.getAllStackTraces().size();
    }

    private static long tickers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("ticker"))
                .count();
    }

    @Test
    void aWaitingPollHasNoThread() {
        int before = threads();
        List<KeptConnection> polls = new ArrayList<>();
        RawHttp http = new RawHttp(relay.address());
        try {
            for (String token : tokens) {
                for (int i = 0; i < Limits.WAITERS_PER_USER_MAX; i++) {
                    polls.add(new KeptConnection(relay.address())
                            .send("GET /events?wait=30 HTTP/1.1\r\nHost: " + http.authority()
                                    + "\r\nAuthorization: Bearer " + token + "\r\n\r\n"));
                }
            }
            // The last in line was taken when somebody else is answered behind it.
            assertEquals(200, http.request("GET", "/health").send().status());
            int more = threads() - before;
            assertTrue(more <= THREADS_MORE_MAX, polls.size() + " polls wait with " + more + " threads more");
        } finally {
            polls.forEach(KeptConnection::close);
        }
    }

    @Test
    void anIdleSocketHasNoThreadAndOneTimerPingsThemAll() {
        int before = threads();
        long tickers = tickers();
        List<WireSocket> sockets = new ArrayList<>();
        try {
            for (String token : tokens) {
                for (int i = 0; i < Limits.SOCKETS_PER_USER_MAX; i++) {
                    WireSocket socket = WireSocket.open(relay.address(), "Authorization: Bearer " + token);
                    assertEquals("ready", socket.next().get("type"));
                    sockets.add(socket);
                }
            }
            int more = threads() - before;
            assertTrue(more <= THREADS_MORE_MAX, sockets.size() + " sockets have " + more + " threads more");
            assertEquals(tickers, tickers());
        } finally {
            sockets.forEach(WireSocket::close);
        }
    }
}
