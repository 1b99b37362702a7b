// SPDX-License-Identifier: MIT
package org.handshaker.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The whole way from end to end, to be run where there is no network but loopback: a private Tor network, a relay with a tor of
 * its own that also looks at itself from outside, and two strangers who meet there through its onion. The relay and the
 * strangers' client are traced. A program of its own, because a namespace is entered by a process.
 */
public final class SealedRun {
    /** Its last line when all went well. */
    public static final String DONE = "met through the onion";

    private SealedRun() {}

    /** @param arguments a directory of its own, where {@code relay.trace} and {@code demo.trace} are left */
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        try (TorNetwork network = TorNetwork.start()) {
            Path extra = Files.write(directory.resolve("extra"), network.testingLines());
            Path admin = directory.resolve("admin.sock");
            try (Program relay = Program.startIn(
                    SystemCalls.tracing(directory.resolve("relay.trace")),
                    directory.resolve("relay.err"),
                    "serve",
                    "--listen=unix:" + directory.resolve("relay.sock"),
                    "--admin=unix:" + admin,
                    "--data=" + directory.resolve("data"),
                    "--key-file=" + directory.resolve("key"),
                    "--tor=managed",
                    "--tor-extra=" + extra,
                    "--self-probe=5s",
                    "--argon2=m=8192,t=1,p=1")) {
                String onion = relay.awaitLine("onion ", 180).substring("onion ".length());
                OperatorSocket operator = new OperatorSocket(admin);
                Await.until("the relay's look at itself", 60, () -> hasReachedItself(operator));
                meet(directory, onion, network.socksPort());
                relay.terminate();
                assertEquals(0, relay.awaitExit(30));
            }
        }
        System.out.println(DONE);
    }

    private static boolean hasReachedItself(OperatorSocket operator) {
        try {
            return operator.status().path("onion").path("probe").asText().equals("reached");
        } catch (IOException broken) {
            throw new java.io.UncheckedIOException(broken);
        }
    }

    private static void meet(Path directory, String onion, int socksPort) throws IOException {
        try (Program demo = Program.startIn(
                SystemCalls.tracing(directory.resolve("demo.trace")),
                directory.resolve("demo.err"),
                "demo",
                "--relay=" + onion,
                "--socks=127.0.0.1:" + socksPort)) {
            int status = demo.awaitExit(180);
            assertEquals(0, status, () -> String.join("\n", demo.said()));
        }
    }

    /** What to write before a command to run it where there is no network but loopback. It needs no root. */
    public static List<String> sealing() {
        return List.of("unshare", "-rn", "sh", "-c", "ip link set lo up && exec \"$@\"", "sealed");
    }
}
