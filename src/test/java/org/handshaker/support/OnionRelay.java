// SPDX-License-Identifier: MIT
package org.handshaker.support;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The real relay in this process with a tor of its own, limits on, published in a private network. */
public final class OnionRelay implements AutoCloseable {
    private static final int PUBLISHED_SECONDS_MAX = 90;

    private final TestRelay relay;
    private final Path directory;
    private final OperatorSocket operator;
    private final String onion;

    private OnionRelay(TestRelay relay, Path directory) {
        this.relay = relay;
        this.directory = directory;
        this.operator = new OperatorSocket(directory.resolve("admin.sock"));
        Await.until("the onion", PUBLISHED_SECONDS_MAX, () -> relay.said().contains("\nonion http://"));
        this.onion = relay.said()
                .lines()
                .filter(line -> line.startsWith("onion http://"))
                .findFirst()
                .orElseThrow()
                .substring("onion http://".length());
    }

    public static OnionRelay start(Path directory, TorNetwork network, String... options) throws IOException {
        return start(InstantSource.system(), directory, network, options);
    }

    /** Reachable by its onion when this returns. */
    public static OnionRelay start(InstantSource time, Path directory, TorNetwork network, String... options)
            throws IOException {
        Path extra = Files.write(directory.resolve("extra"), network.testingLines());
        List<String> all = new ArrayList<>(List.of(
                "--tor=managed",
                "--limits=on",
                "--listen=unix:" + directory.resolve("relay.sock"),
                "--admin=unix:" + directory.resolve("admin.sock"),
                "--tor-extra=" + extra));
        all.addAll(Arrays.asList(options));
        TestRelay relay = TestRelay.startIn(directory, time, all.toArray(String[]::new));
        try {
            return new OnionRelay(relay, directory);
        } catch (AssertionError late) {
            relay.stop();
            throw new AssertionError(relay.said(), late);
        }
    }

    /** 56 characters and {@code .onion}. */
    public String onion() {
        return onion;
    }

    public String said() {
        return relay.said();
    }

    public Path data() {
        return directory.resolve("data");
    }

    /** What the operator's socket tells. */
    public JsonNode status() throws IOException {
        return operator.status();
    }

    /** The word of {@code /health}. */
    public String health() {
        try {
            return status().get("health").asText();
        } catch (IOException broken) {
            throw new java.io.UncheckedIOException(broken);
        }
    }

    /** The tor that this relay runs. */
    public ProcessHandle tor() {
        return ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().commandLine().orElse("").contains(data().toString()))
                .findFirst()
                .orElseThrow();
    }

    @Override
    public void close() {
        relay.stop();
    }
}
