// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.DockerImageName;

/**
 * A real coturn with the configuration we ship: {@code coturn/start} and {@code coturn/turnserver.conf}, of which only
 * the port (and the secret, which is not in it) are changed. Where the package is missing but Docker is there, the same
 * configuration runs in coturn's own image.
 */
public final class Coturn implements AutoCloseable {
    private static final Path SHIPPED = Path.of("coturn").toAbsolutePath();
    private static final Duration START_MAX = Duration.ofSeconds(20);
    private static final int SHIPPED_PORT = 3478;

    private final InetSocketAddress address;
    private final Runnable stop;

    private Coturn(InetSocketAddress address, Runnable stop) {
        this.address = address;
        this.stop = stop;
    }

    /** Whether this machine can run one at all. */
    public static boolean isAvailable() {
        return isInstalled() || DockerClientFactory.instance().isDockerAvailable();
    }

    /** @param runtime an empty directory of this test; what coturn writes down would be found there */
    public static Coturn start(String secret, Path runtime) {
        try {
            return isInstalled() ? startInstalled(secret, runtime) : startContainer(secret);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    public InetSocketAddress address() {
        return address;
    }

    /** As an operator would give it to {@code --turn-url}. */
    public String url() {
        return "turn:" + address.getAddress().getHostAddress() + ":" + address.getPort() + "?transport=tcp";
    }

    private static boolean isInstalled() {
        return Stream.of("/usr/bin/turnserver", "/usr/local/bin/turnserver")
                .anyMatch(place -> Files.isExecutable(Path.of(place)));
    }

    private static Coturn startInstalled(String secret, Path runtime) throws IOException {
        InetSocketAddress address = freePort();
        Path configuration = Files.writeString(runtime.resolve("given.conf"), configuration(address.getPort()));
        Path secretFile = Files.createFile(
                runtime.resolve("secret"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(secretFile, secret + "\n");

        ProcessBuilder builder = new ProcessBuilder(
                SHIPPED.resolve("start").toString(), configuration.toString(), secretFile.toString());
        builder.environment().put("RUNTIME_DIRECTORY", runtime.toString());
        builder.directory(runtime.toFile());
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(runtime.resolve("output").toFile())
                .start();
        awaitListener(process, address);
        return new Coturn(address, () -> stop(process));
    }

    private static Coturn startContainer(String secret) throws IOException {
        // Published ports reach a container on its own address, not on its loopback.
        String configuration = configuration(SHIPPED_PORT).replace("listening-ip=127.0.0.1", "listening-ip=0.0.0.0")
                + "\nstatic-auth-secret=" + secret + "\n";
        GenericContainer<?> container = new GenericContainer<>(DockerImageName.parse("coturn/coturn:4.6.2"))
                .withCopyToContainer(Transferable.of(configuration), "/tmp/turnserver.conf")
                .withCommand("-c", "/tmp/turnserver.conf", "--pidfile=")
                .withExposedPorts(SHIPPED_PORT);
        container.start();
        return new Coturn(
                new InetSocketAddress(container.getHost(), container.getMappedPort(SHIPPED_PORT)), container::close);
    }

    private static String configuration(int port) throws IOException {
        String shipped = Files.readString(SHIPPED.resolve("turnserver.conf"));
        return shipped.replace("listening-port=" + SHIPPED_PORT, "listening-port=" + port);
    }

    private static InetSocketAddress freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
            return new InetSocketAddress(probe.getInetAddress(), probe.getLocalPort());
        }
    }

    /** coturn says nothing when it is ready, by our own wish; so we knock. */
    private static void awaitListener(Process process, InetSocketAddress address) throws IOException {
        long deadline = System.nanoTime() + START_MAX.toNanos();
        while (!answers(address)) {
            boolean exited;
            try {
                exited = process.waitFor(20, TimeUnit.MILLISECONDS);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                exited = true;
            }
            if (exited || System.nanoTime() > deadline) {
                process.destroyForcibly();
                throw new IOException("coturn did not start");
            }
        }
    }

    private static boolean answers(InetSocketAddress address) {
        try (Socket socket = new Socket()) {
            socket.connect(address, 500);
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    private static void stop(Process process) {
        process.destroy();
        process.onExit().completeOnTimeout(process, 5, TimeUnit.SECONDS).join();
        process.destroyForcibly().onExit().join();
    }

    /** The command lines of what runs under this test, as everyone on the machine can read them. */
    public static List<String> commandLines() {
        return ProcessHandle.current()
                .descendants()
                .map(process -> process.info().commandLine().orElse(""))
                .toList();
    }

    @Override
    public void close() {
        stop.run();
    }
}
