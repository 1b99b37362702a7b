// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.handshaker.support.OperatorSocket;
import org.handshaker.support.TracedRelay;
import org.jspecify.annotations.Nullable;

/** A relay with the launcher's heap and with its limits on, as an attacker meets it, and its operator. */
final class Guarded implements AutoCloseable {
    private static final int START_SECONDS_MAX = 90;
    private static final int STOP_SECONDS_MAX = 30;

    private final Process process;
    private final Path admin;
    private final String ready;

    /** @param options what is said beside the directory, the operator's socket and a free port */
    Guarded(Path data, String... options) {
        this.admin = data.resolveSibling(data.getFileName() + ".admin");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(launcherOptions(data));
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                "org.handshaker.Main",
                "serve",
                "--listen=127.0.0.1:0",
                "--access-ttl=3600s",
                "--data=" + data,
                "--key-file=" + data.resolveSibling(data.getFileName() + ".key"),
                "--admin=unix:" + admin));
        command.addAll(Arrays.asList(options));
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.appendTo(
                            Path.of("target", "bench.log").toFile()));
            builder.environment().put("MALLOC_ARENA_MAX", "2");
            process = builder.start();
            BufferedReader out = process.inputReader();
            ready = CompletableFuture.supplyAsync(() -> ready(out))
                    .orTimeout(START_SECONDS_MAX, TimeUnit.SECONDS)
                    .join();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private static List<String> launcherOptions(Path data) {
        try {
            return TracedRelay.launcherOptions(
                    Files.createDirectories(data.resolveSibling(data.getFileName() + ".tmp")));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static String ready(BufferedReader out) {
        try {
            @Nullable String line = out.readLine();
            while (line != null && !line.startsWith("ready ")) {
                line = out.readLine();
            }
            if (line == null) {
                throw new IllegalStateException("the relay ended before it was ready: see target/bench.log");
            }
            return line;
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    InetSocketAddress address() {
        return new InetSocketAddress(
                InetAddress.getLoopbackAddress(), Integer.parseInt(ready.substring(ready.lastIndexOf(':') + 1)));
    }

    /** Where it listens, for a torrc: {@code 127.0.0.1:PORT}. */
    String target() {
        return ready.substring("ready http://".length());
    }

    OperatorSocket operator() {
        return new OperatorSocket(admin);
    }

    /** Resident memory in MiB, as Linux tells it. */
    long residentMib() {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1_024)
                    .findFirst()
                    .orElse(0);
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS_MAX, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException stopped) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
