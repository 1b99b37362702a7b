// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.handshaker.support.KeptConnection;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.Test;

/** What strangers can fill the heap with: connections that have spoken, and the pages that anybody may ask for. */
final class ConnectionMemoryTest {
    private static final int CONNECTIONS = 300;
    /** Both ends of each, since both are in this process. */
    private static final long BYTES_EACH_MAX = 40_000;

    private static final String REQUEST =
            "GET /users/me HTTP/1.1\r\nHost: localhost\r\nAccept: a/b\r\nUser-Agent: x\r\nAuthorization: Bearer x\r\n\r\n";

    @Test
    void aConnectionThatHasSpokenKeepsLittle() {
        try (TestRelay relay = TestRelay.start()) {
            List<KeptConnection> kept = new ArrayList<>();
            try {
                speak(relay, kept);
                kept.forEach(KeptConnection::close);
                kept.clear();
                long before = heap();
                speak(relay, kept);
                long each = (heap() - before) / CONNECTIONS;
                assertTrue(each < BYTES_EACH_MAX, each + " bytes each");
            } finally {
                kept.forEach(KeptConnection::close);
            }
        }
    }

    private static void speak(TestRelay relay, List<KeptConnection> kept) {
        for (int i = 0; i < CONNECTIONS; i++) {
            KeptConnection connection = new KeptConnection(relay.address());
            kept.add(connection);
            for (int call = 0; call < 3; call++) {
                assertEquals(401, connection.send(REQUEST).answer().status());
            }
        }
    }

    private static long heap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @Test
    void aPageIsInMemoryOnceHoweverManyAskForIt() {
        for (Route route : new PageRoutes().routes()) {
            byte[] first = body(route);
            assertSame(first, body(route), route.path());
            assertSame(first, Padding.pad(first, 0), route.path() + " is padded once for all");
        }
    }

    private static byte[] body(Route route) {
        Call call = new Call(null, java.util.OptionalInt.empty(), java.util.Map.of(), java.util.Map.of(), new byte[0]);
        return route.endpoint().handle(call).toCompletableFuture().join().body();
    }
}
