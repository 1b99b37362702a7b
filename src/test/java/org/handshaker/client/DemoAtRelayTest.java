// SPDX-License-Identifier: MIT
package org.handshaker.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.handshaker.support.SocksProxy;
import org.handshaker.support.TestRelay;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo against the real relay, each way there. */
class DemoAtRelayTest {
    private static final String ONION = "d".repeat(56) + ".onion";
    private final List<String> lines = new ArrayList<>();

    @TempDir
    private Path directory = Path.of("");

    @Test
    void worksOverLoopback() {
        try (TestRelay relay = TestRelay.start()) {
            works(relay.address(), null);
        }
    }

    @Test
    void worksOverAUnixSocket() {
        try (TestRelay relay = TestRelay.start("--listen=unix:" + directory.resolve("relay.sock"))) {
            works(relay.address(), null);
        }
    }

    @Test
    void solvesThePuzzlesOnItsWay() {
        try (TestRelay relay = TestRelay.start("--puzzle=always")) {
            works(relay.address(), null);
        }
    }

    @Test
    void worksWhereEachEventGoesToTheDisk() {
        try (TestRelay relay = TestRelay.start("--linger=0s")) {
            works(relay.address(), null);
        }
    }

    @Test
    void worksThroughAProxyThatAloneKnowsTheName() {
        try (TestRelay relay = TestRelay.start("--tor=torrc", "--limits=on", "--onion=" + ONION);
                SocksProxy proxy =
                        SocksProxy.forwardingAsTor(URI.create(relay.address()).getPort())) {
            works("http://" + ONION, proxy.address());
            assertTrue(proxy.asked().stream().allMatch(asked -> asked.addressType() == 3));
            assertTrue(proxy.asked().stream().allMatch(asked -> asked.host().equals(ONION)));
            long identities = proxy.asked().stream()
                    .map(SocksProxy.Asked::username)
                    .distinct()
                    .count();
            assertEquals(2, identities, "each of the two comes by circuits of their own");
        }
    }

    private void works(String address, @Nullable String socks) {
        assertEquals(0, Demo.run(address, socks, lines::add), () -> String.join("\n", lines));
        assertEquals(
                2,
                lines.stream()
                        .filter(line -> line.endsWith("account is deleted: gone"))
                        .count());
        assertTrue(lines.get(lines.size() - 1).endsWith("everything works"));
    }
}
