// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.handshaker.tor.ControlPort;
import org.jspecify.annotations.Nullable;

/** One tor process of the private network: its directory, its control socket, its end. */
public final class TorNode implements AutoCloseable {
    private final Path directory;
    private final Process process;
    private @Nullable ControlPort control;

    private TorNode(Path directory, Process process) {
        this.directory = directory;
        this.process = process;
    }

    static TorNode start(Path directory, List<String> lines) throws IOException {
        Path torrc = directory.resolve("torrc");
        Files.write(torrc, lines);
        Process process = new ProcessBuilder("tor", "--defaults-torrc", "/dev/null", "-f", torrc.toString(), "--quiet")
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("output").toFile())
                .start();
        return new TorNode(directory, process);
    }

    /** A directory that only we may enter; tor refuses its control socket in any other. */
    static Path directory(Path parent, String name) throws IOException {
        return Files.createDirectory(
                parent.resolve(name),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    public Path directory() {
        return directory;
    }

    public Path controlSocket() {
        return directory.resolve("control");
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** The lines of one GETINFO; none while tor is not there yet. */
    List<String> info(String key) {
        if (!process.isAlive()) {
            throw new IllegalStateException("tor in " + directory + " ended: " + log());
        }
        try {
            return control().getInfo(key);
        } catch (IOException notYet) {
            return List.of();
        }
    }

    /** The first SOCKS port, on 127.0.0.1. */
    public int socksPort() {
        String listener = info("net/listeners/socks").get(0).replace("\"", "");
        return Integer.parseInt(listener.substring(listener.indexOf(':') + 1));
    }

    public List<String> command(String line) throws IOException {
        return control().command(line);
    }

    /** The same tor once more, after its end. */
    public TorNode again() throws IOException {
        return start(directory, Files.readAllLines(directory.resolve("torrc")));
    }

    private ControlPort control() throws IOException {
        if (control == null) {
            ControlPort opened = ControlPort.connect(UnixDomainSocketAddress.of(controlSocket()), event -> {});
            opened.authenticate();
            control = opened;
        }
        return control;
    }

    public void awaitBootstrapped() {
        try {
            Await.until("bootstrap of " + directory.getFileName(), 60, () -> info("status/bootstrap-phase").stream()
                    .anyMatch(line -> line.contains("PROGRESS=100 ")));
        } catch (AssertionError late) {
            throw new AssertionError(late.getMessage() + "\n" + log(), late);
        }
    }

    /** Waits until tor has uploaded the descriptor of {@code onion}; a client that asks earlier remembers the failure. */
    void awaitPublished(String onion) throws IOException {
        String address = onion.substring(0, 56);
        CountDownLatch uploaded = new CountDownLatch(1);
        try (ControlPort control = ControlPort.connect(UnixDomainSocketAddress.of(controlSocket()), event -> {
            if (event.startsWith("HS_DESC UPLOADED " + address)) {
                uploaded.countDown();
            }
        })) {
            control.authenticate();
            control.setEvents("HS_DESC");
            if (!uploaded.await(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the descriptor was not uploaded within 60 s: " + log());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    String log() {
        try {
            Path log = directory.resolve("notice.log");
            List<String> lines = Files.exists(log) ? Files.readAllLines(log) : List.of("no log");
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @Override
    public void close() {
        end();
    }

    /** As close, for a test in which tor's end is the event. */
    public void end() {
        if (control != null) {
            control.close();
        }
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
