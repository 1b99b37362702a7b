// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.File;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * A tor of our own. It can not outlive us: it watches our process id, it exits when our control connection closes, and {@link
 * #close()} ends it, gently first. Its command line holds nothing but the path of its torrc, its environment is empty and
 * whatever it would print goes nowhere.
 */
final class TorProcess implements AutoCloseable {
    private static final Duration CONTROL_WAIT = Duration.ofSeconds(30);
    private static final Duration GENTLE_WAIT = Duration.ofSeconds(5);
    private static final Duration LAST_BREATH = Duration.ofSeconds(1);
    private static final Set<PosixFilePermission> OURS_ALONE = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> OUR_FILE = PosixFilePermissions.fromString("rw-------");

    private final Process process;
    private final Path torrc;
    private final Path controlSocket;

    private TorProcess(Process process, Path torrc, Path controlSocket) {
        this.process = process;
        this.torrc = torrc;
        this.controlSocket = controlSocket;
    }

    /** @param binary a path, or a bare name that is looked for in {@code PATH} */
    static TorProcess start(String binary, Path torrc, Path controlSocket, List<String> lines) throws IOException {
        write(torrc, lines);
        Files.deleteIfExists(controlSocket);
        Process process = spawn(
                ProcessBuilder.Redirect.DISCARD,
                binary,
                "--defaults-torrc",
                "/dev/null",
                "-f",
                torrc.toString(),
                "--quiet");
        return new TorProcess(process, torrc, controlSocket);
    }

    /** At no moment is there none, or half of one. */
    private static void write(Path torrc, List<String> lines) throws IOException {
        Path next = torrc.resolveSibling(torrc.getFileName() + ".next");
        Files.deleteIfExists(next);
        Files.createFile(next, PosixFilePermissions.asFileAttribute(OUR_FILE));
        Files.write(next, lines, StandardCharsets.UTF_8);
        Files.move(next, torrc, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** What it reads when it is told to read its torrc again. */
    void rewrite(UnaryOperator<List<String>> change) throws IOException {
        write(torrc, change.apply(Files.readAllLines(torrc, StandardCharsets.UTF_8)));
    }

    /** Whether this tor was built with the proof-of-work module; also the check that there is a tor at all. */
    static Torrc.ProofOfWork proofOfWork(String binary) throws IOException {
        Process process = spawn(ProcessBuilder.Redirect.PIPE, binary, "--list-modules");
        try {
            // A handful of lines: they fit into the pipe, so that tor ends before we read.
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                throw new IOException("tor does not answer: " + binary + " --list-modules hangs");
            }
            String modules = new String(process.getInputStream().readNBytes(4_096), StandardCharsets.US_ASCII);
            return modules.lines().anyMatch("pow: yes"::equals) ? Torrc.ProofOfWork.KNOWN : Torrc.ProofOfWork.UNKNOWN;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        } finally {
            process.destroyForcibly();
        }
    }

    /** Creates a directory that nobody else may enter, or makes it so. */
    static void privateDirectory(Path directory) throws IOException {
        FileAttribute<?> mode = PosixFilePermissions.asFileAttribute(OURS_ALONE);
        Files.createDirectories(directory, mode);
        Files.setPosixFilePermissions(directory, OURS_ALONE);
    }

    /** Connects to its control port as soon as it is open, proves who we are, and takes it over. */
    ControlPort control(Consumer<String> events) throws IOException {
        long end = System.nanoTime() + CONTROL_WAIT.toNanos();
        while (process.isAlive()) {
            if (Files.exists(controlSocket)) {
                try {
                    return takeOver(ControlPort.connect(UnixDomainSocketAddress.of(controlSocket), events));
                } catch (java.net.ConnectException notListeningYet) {
                    // The socket file is there a moment before it accepts.
                }
            }
            if (System.nanoTime() - end > 0) {
                throw new IOException("tor did not open its control port within " + CONTROL_WAIT.toSeconds() + " s");
            }
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            if (Thread.interrupted()) {
                throw new IOException("interrupted while tor starts");
            }
        }
        throw ended();
    }

    /** Why a conversation with it failed: because it ended, if it did. */
    IOException reason(IOException lost) throws InterruptedException {
        return process.waitFor(LAST_BREATH.toMillis(), TimeUnit.MILLISECONDS) ? ended() : lost;
    }

    private IOException ended() {
        return new IOException(
                "tor ended with status " + process.exitValue() + "; to see why: tor --verify-config -f " + torrc);
    }

    private static ControlPort takeOver(ControlPort control) throws IOException {
        boolean ours = false;
        try {
            control.authenticate();
            control.takeOwnership();
            ours = true;
            return control;
        } finally {
            if (!ours) {
                control.close();
            }
        }
    }

    /** Waits so long for its end, by itself or by {@link #close()}; whether it has ended. */
    boolean hasEndedWithin(Duration wait) throws InterruptedException {
        return process.waitFor(wait.toMillis(), TimeUnit.MILLISECONDS);
    }

    int status() {
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(GENTLE_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                process.waitFor(GENTLE_WAIT.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static Process spawn(ProcessBuilder.Redirect output, String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(output)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        // Settings may come by environment, and what tor does not need it shall not hold.
        builder.environment().clear();
        try {
            return builder.start();
        } catch (IOException absent) {
            throw new IOException("tor cannot be started as \"" + command[0] + "\": install the package tor", absent);
        }
    }
}
