// SPDX-License-Identifier: MIT
package org.handshaker.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A file system of its own that a test may fill to the last byte: a tmpfs in a mount namespace, so that it needs neither root
 * nor a loop device. Programs run in it by {@link #entering}; the test reaches its files by {@link #path}.
 */
public final class SmallDisk implements AutoCloseable {
    private static final int CHUNK_BYTES = 64 * 1_024;

    private final Process holder;
    private final Path mount;

    private SmallDisk(Process holder, Path mount) {
        this.holder = holder;
        this.mount = mount;
    }

    /**
     * Skips the test where user namespaces are not allowed.
     *
     * @param mount an empty directory
     */
    public static SmallDisk mount(Path mount, int mebibytes) throws IOException {
        // Ends with its standard input, and the file system with it.
        String script = "mount -t tmpfs -o size=" + mebibytes + "m none \"$0\" && echo mounted && exec cat";
        Process holder;
        try {
            holder = new ProcessBuilder("unshare", "-Urm", "sh", "-c", script, mount.toString())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException noSuchProgram) {
            assumeTrue(false, "there is no unshare here");
            throw noSuchProgram;
        }
        BufferedReader said = holder.inputReader();
        boolean mounted = "mounted".equals(said.readLine());
        if (!mounted) {
            holder.destroyForcibly();
        }
        assumeTrue(mounted, "user namespaces are not allowed here");
        SmallDisk disk = new SmallDisk(holder, mount);
        if (!Files.isReadable(disk.path("."))) {
            disk.close();
            assumeTrue(false, "another namespace's files cannot be seen here");
        }
        return disk;
    }

    /** What to write before a command so that it runs with this disk in its place. */
    public List<String> entering() {
        return List.of("nsenter", "--target=" + holder.pid(), "--user", "--mount", "--preserve-credentials", "--");
    }

    /** The name of a file for programs that run on this disk. */
    public Path inside(String name) {
        return mount.resolve(name);
    }

    /** The same file for the test. */
    public Path path(String name) {
        return Path.of("/proc", Long.toString(holder.pid()), "root")
                .resolve(mount.toString().substring(1))
                .resolve(name);
    }

    public long freeBytes() {
        return path(".").toFile().getUsableSpace();
    }

    /** Takes every byte that is free, as another program would. */
    public void fill() throws IOException {
        fillAllBut(0);
    }

    /** Leaves so much, give or take a chunk. */
    public void fillAllBut(long bytesLeft) throws IOException {
        try (FileChannel filler =
                FileChannel.open(path("filler"), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            int bytes = CHUNK_BYTES;
            while (bytes > 0 && (bytesLeft == 0 || freeBytes() > bytesLeft)) {
                try {
                    filler.write(ByteBuffer.allocate(bytes));
                } catch (IOException full) {
                    bytes /= 2;
                }
            }
        }
    }

    public void empty() throws IOException {
        Files.delete(path("filler"));
    }

    @Override
    public void close() {
        holder.destroyForcibly();
        try {
            holder.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
