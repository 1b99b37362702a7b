// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.handshaker.support.Await;
import org.handshaker.support.OnionHttp;
import org.handshaker.support.OnionRelay;
import org.handshaker.support.OnionStream;
import org.handshaker.support.TorNetwork;
import org.handshaker.tor.ControlPort;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What {@code /health} says while the onion's world falls apart and is put together again, with real tors. */
@Tag("tor")
@ExtendWith(TorNetwork.Shared.class)
final class OnionComesBackTest {
    private static final int PERIOD_SECONDS = 5;
    private static final int TWO_PERIODS = 2 * PERIOD_SECONDS;
    /** For tor to come up, build its circuits and publish; then a period until somebody looks. */
    private static final int BACK_SECONDS_MAX = 60;

    @TempDir
    Path directory;

    private final AtomicReference<Duration> skew = new AtomicReference<>(Duration.ZERO);

    @Test
    void andHealthTellsTheTruthAllTheWhile(TorNetwork network) throws IOException {
        try (OnionRelay relay = OnionRelay.start(
                () -> Instant.now().plus(skew.get()), directory, network, "--self-probe=" + PERIOD_SECONDS + "s")) {
            Await.until(
                    "a look from outside", BACK_SECONDS_MAX, () -> probe(relay).equals("reached"));
            assertEquals("ok", relay.health());
            try (OnionStream guest = new OnionStream(network.socksPort(), "guest", relay.onion())) {
                assertEquals(200, guest.call("GET", "/health", "").status());
                aWrongClock(relay);
                assertEquals(200, guest.call("GET", "/health", "").status(), "a look from outside disturbs nobody");
                anUnreachableNetwork(relay);
            }
            aDeadTor(relay, network);
        }
    }

    private void aWrongClock(OnionRelay relay) {
        skew.set(Duration.ofHours(6));
        Await.until(
                "a wrong clock to be seen", TWO_PERIODS, () -> relay.health().equals("degraded"));
        skew.set(Duration.ofHours(-6));
        Await.until("a clock that is behind to be seen", TWO_PERIODS, () -> relay.health()
                .equals("degraded"));
        skew.set(Duration.ZERO);
        Await.until(
                "the right clock to be seen", TWO_PERIODS, () -> relay.health().equals("ok"));
    }

    /** Descriptors, introduction points and circuits are lost, and tor lives. */
    private void anUnreachableNetwork(OnionRelay relay) throws IOException {
        try (ControlPort control =
                ControlPort.connect(UnixDomainSocketAddress.of(relay.data().resolve("tor/control")), event -> {})) {
            control.authenticate();
            control.command("SETCONF DisableNetwork=1");
            Await.until("the loss to be seen", TWO_PERIODS, () -> relay.health().equals("degraded"));
            assertEquals("failed", probe(relay));
            control.command("SETCONF DisableNetwork=0");
        }
        Await.until(
                "the return to be seen", BACK_SECONDS_MAX, () -> relay.health().equals("ok"));
    }

    private static void aDeadTor(OnionRelay relay, TorNetwork network) throws IOException {
        ProcessHandle tor = relay.tor();
        tor.destroyForcibly();
        Await.until("the death to be seen", TWO_PERIODS, () -> relay.health().equals("degraded"));
        Await.until(
                "the return to be seen", BACK_SECONDS_MAX, () -> relay.health().equals("ok"));
        assertTrue(relay.tor().pid() != tor.pid(), "another tor");
        String answer = OnionHttp.get(network.socksPort(), "later", relay.onion(), "/health");
        assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
        assertTrue(answer.contains("\"status\":\"ok\""), answer);
        assertEquals(
                1,
                relay.said().lines().filter(line -> line.startsWith("onion ")).count(),
                "the address is told once, since it is the same");
    }

    private static String probe(OnionRelay relay) {
        try {
            return relay.status().get("onion").get("probe").asText();
        } catch (IOException broken) {
            throw new java.io.UncheckedIOException(broken);
        }
    }
}
