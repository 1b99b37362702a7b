// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The command line, run as its users run it: a JVM of its own, watched from outside. */
public final class Program implements AutoCloseable {
    private final Process process;
    private final Path errors;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final List<String> said = new ArrayList<>();

    private Program(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
        Thread reader = new Thread(this::read, "program-output");
        reader.setDaemon(true);
        reader.start();
    }

    /** @param errors where its standard error is kept */
    public static Program start(Path errors, String... arguments) throws IOException {
        return startIn(List.of(), errors, arguments);
    }

    /** @param entering what to write before the command, such as {@link SmallDisk#entering()}; it must not fork */
    public static Program startIn(List<String> entering, Path errors, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(entering);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // Starts in half the time; none of these runs for long.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                "org.handshaker.Main"));
        command.addAll(Arrays.asList(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("HANDSHAKER_"));
        return new Program(builder.start(), errors);
    }

    /** The first line of standard output, from now on, that begins so. */
    public String awaitLine(String start, int secondsMax) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(secondsMax);
        try {
            while (true) {
                @Nullable String line = lines.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (line == null) {
                    tellItsThreads();
                    throw new AssertionError("no line \"" + start + "\" within " + secondsMax + " s: " + said + "\n"
                            + Files.readString(errors));
                }
                said.add(line);
                if (line.startsWith(start)) {
                    return line;
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    /** Whether it hangs or was never given the processor can be seen from what its threads do. */
    private void tellItsThreads() throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-QUIT", Long.toString(process.pid()))
                .start()
                .waitFor(5, TimeUnit.SECONDS);
        @Nullable String line = lines.poll(10, TimeUnit.SECONDS);
        while (line != null) {
            said.add("\n" + line);
            line = lines.poll(1, TimeUnit.SECONDS);
        }
    }

    /** Asks it to stop, as Ctrl-C and systemd do. */
    public void terminate() {
        process.destroy();
    }

    /** Ends it as a power cut would: no handler runs, nothing is flushed. */
    public void kill() {
        process.destroyForcibly();
    }

    public int awaitExit(int secondsMax) {
        try {
            if (!process.waitFor(secondsMax, TimeUnit.SECONDS)) {
                throw new AssertionError("it has not ended within " + secondsMax + " s");
            }
            return process.exitValue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    /** Everything it has printed to standard output so far. */
    public List<String> said() {
        lines.drainTo(said);
        return List.copyOf(said);
    }

    public String errors() throws IOException {
        return Files.readString(errors);
    }

    public long pid() {
        return process.pid();
    }

    public List<ProcessHandle> children() {
        return process.descendants().toList();
    }

    /** The TCP and UDP sockets that it holds, as lines of {@code /proc/PID/net}; its Unix sockets are not among them. */
    public List<String> internetSockets() throws IOException {
        Path proc = Path.of("/proc", Long.toString(process.pid()));
        List<String> inodes = new ArrayList<>();
        try (Stream<Path> descriptors = Files.list(proc.resolve("fd"))) {
            for (Path descriptor : descriptors.toList()) {
                String target = Files.readSymbolicLink(descriptor).toString();
                if (target.startsWith("socket:[")) {
                    inodes.add(target.substring("socket:[".length(), target.length() - 1));
                }
            }
        }
        List<String> held = new ArrayList<>();
        for (String table : List.of("tcp", "tcp6", "udp", "udp6")) {
            for (String line : Files.readAllLines(proc.resolve("net").resolve(table))) {
                List<String> words = List.of(line.strip().split("\\s+"));
                if (words.size() > 9 && inodes.contains(words.get(9))) {
                    held.add(table + " " + line.strip());
                }
            }
        }
        return held;
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    private void read() {
        try (BufferedReader output = process.inputReader()) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
            }
        } catch (IOException ended) {
            // It was killed in the middle of a line.
        }
    }
}
