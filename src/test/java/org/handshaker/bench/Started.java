// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.handshaker.client.RelayAddress;
import org.jspecify.annotations.Nullable;

/** A server in a process of its own that says {@code ready http://…} when it serves. */
final class Started implements AutoCloseable {
    static final Path JAR = Path.of("target", "handshaker.jar");
    /** What servers say to their operator, which would stand in the middle of a table. */
    private static final Path SAID = Path.of("target", "bench.log");

    private static final Path LAUNCHER = Path.of("scripts", "run");
    private static final Duration START = Duration.ofSeconds(60);
    private static final Duration STOP = Duration.ofSeconds(20);

    private final Process process;
    private final String ready;

    private Started(List<String> command) {
        try {
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.appendTo(SAID.toFile()))
                    .start();
            BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
            ready = CompletableFuture.supplyAsync(() -> firstLine(out))
                    .orTimeout(START.toSeconds(), TimeUnit.SECONDS)
                    .join();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** The relay as the jar alone: every default of the JVM. */
    static Started jar(Path data) {
        List<String> command = new ArrayList<>(List.of(java(), "-jar", JAR.toString(), "serve"));
        command.addAll(options(data));
        return new Started(command);
    }

    /** The relay as its launcher starts it, for many people: their hashes are as cheap as can be. */
    static Started crowded(Path data, String... more) {
        List<String> command = new ArrayList<>(List.of(LAUNCHER.toString()));
        command.addAll(options(data));
        command.addAll(List.of("--argon2", "m=1024,t=1,p=1", "--access-ttl", "3600s"));
        command.addAll(List.of(more));
        return new Started(command);
    }

    java.net.InetSocketAddress socketAddress() {
        return new java.net.InetSocketAddress(
                java.net.InetAddress.getLoopbackAddress(),
                Integer.parseInt(ready.substring(ready.lastIndexOf(':') + 1)));
    }

    /** What it has had written to disks so far, as Linux tells it. */
    long writtenBytes() {
        try {
            return Files.readAllLines(Path.of("/proc", String.valueOf(process.pid()), "io")).stream()
                    .filter(line -> line.startsWith("write_bytes"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    /** The relay as its launcher starts it, with the launcher's heap. */
    static Started launcher(Path data) {
        List<String> command = new ArrayList<>(List.of(LAUNCHER.toString()));
        command.addAll(options(data));
        return new Started(command);
    }

    /** One of this package's own programs. */
    static Started program(Class<?> main) {
        return new Started(List.of(java(), "-cp", System.getProperty("java.class.path"), main.getName()));
    }

    private static List<String> options(Path data) {
        return List.of(
                "--data",
                data.toString(),
                "--key-file",
                data.resolveSibling(data.getFileName() + ".key").toString(),
                "--listen",
                "127.0.0.1:0",
                "--tor",
                "none",
                "--limits",
                "off",
                "--puzzle",
                "off");
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static String firstLine(BufferedReader out) {
        try {
            @Nullable String line = out.readLine();
            while (line != null && !line.startsWith("ready")) {
                line = out.readLine();
            }
            if (line == null) {
                throw new IllegalStateException("the server ended before it was ready: see " + SAID);
            }
            return line;
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    RelayAddress address() {
        return RelayAddress.parse(ready.substring("ready ".length()));
    }

    /** Lets the process be for a while. */
    void idle(Duration time) throws InterruptedException {
        if (process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("the server ended by itself");
        }
    }

    /** Processor time so far, which does not depend on what else the machine does. */
    long cpuMillis() {
        return process.info().totalCpuDuration().map(Duration::toMillis).orElse(0L);
    }

    /** Resident memory in MiB, as Linux tells it; 0 elsewhere. */
    long residentMib() {
        Path status = Path.of("/proc", String.valueOf(process.pid()), "status");
        try {
            return !Files.exists(status)
                    ? 0
                    : Files.readAllLines(status).stream()
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
            if (!process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException stopped) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
