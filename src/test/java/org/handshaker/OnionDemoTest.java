// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.handshaker.support.Await;
import org.handshaker.support.OperatorSocket;
import org.handshaker.support.Program;
import org.handshaker.support.TorNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The whole program behind a real onion, from a client that knows nothing but its address. */
@Tag("tor")
@ExtendWith(TorNetwork.Shared.class)
final class OnionDemoTest {
    @TempDir
    Path directory;

    @Test
    void twoStrangersMeetThroughTheOnionOfARelayThatHasNoPort(TorNetwork network) throws IOException {
        Path socket = directory.resolve("relay.sock");
        Path admin = directory.resolve("admin.sock");
        Path extra = Files.write(directory.resolve("extra"), network.testingLines());
        try (Program relay = Program.start(
                directory.resolve("relay.err"),
                "serve",
                "--listen=unix:" + socket,
                "--admin=unix:" + admin,
                "--self-probe=5s",
                "--data=" + directory.resolve("data"),
                "--key-file=" + directory.resolve("key"),
                "--tor=managed",
                "--tor-extra=" + extra,
                "--argon2=m=8192,t=1,p=1")) {
            assertEquals("ready unix:" + socket, relay.awaitLine("ready ", 30));
            String onion = relay.awaitLine("onion ", 180).substring("onion ".length());
            List<ProcessHandle> tors = relay.children();
            assertEquals(1, tors.size(), "one tor and nothing else");
            OperatorSocket operator = new OperatorSocket(admin);
            Await.until("the relay's look at itself from outside", 90, () -> hasReachedItself(operator));

            try (Program demo = Program.start(
                    directory.resolve("demo.err"),
                    "demo",
                    "--relay=" + onion,
                    "--socks=127.0.0.1:" + network.socksPort())) {
                int status = demo.awaitExit(180);
                assertEquals(0, status, () -> String.join("\n", demo.said()));
            }
            assertEquals(List.of(), relay.internetSockets(), "the relay holds Unix sockets only");

            relay.terminate();
            assertEquals(0, relay.awaitExit(20));
            Await.until("tor's end", 5, () -> tors.stream().noneMatch(ProcessHandle::isAlive));
            assertTrue(Files.notExists(socket), "the socket file is removed");
            assertEquals(List.of("ready unix:" + socket, "onion " + onion), relay.said());
        }
    }

    private static boolean hasReachedItself(OperatorSocket operator) {
        try {
            return operator.status().path("onion").path("probe").asText().equals("reached");
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
