// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A small file with two places for a few secret bytes, written over where they lie: a new value goes into the free place and is
 * forced to the disk before the old one is wiped, so that a crash at any moment leaves one that is whole, and a full disk is
 * no obstacle. Private to its user, and one process's at a time.
 */
public final class SlotFile implements AutoCloseable {
    public static final int SLOTS = 2;
    /** On blocks of their own: a torn write spoils one of them. */
    private static final int SLOT_BYTES = 4_096;

    /** Of the whole file. */
    public static final int BYTES = SLOTS * SLOT_BYTES;

    private final FileChannel channel;

    private SlotFile(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Opens the file, or makes an empty one, and directories that only its user may enter.
     *
     * @throws Unusable when it is another process's
     */
    public static SlotFile open(Path file, String option) throws IOException {
        @Nullable Path parent = file.toAbsolutePath().getParent();
        if (parent != null && !Files.isDirectory(parent)) {
            Files.createDirectories(parent, ownerOnly("rwx------"));
        }
        requireFile(file);
        FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                ownerOnly("rw-------"));
        try {
            @Nullable FileLock lock = channel.tryLock();
            if (lock == null) {
                channel.close();
                throw new Unusable("Another relay uses the file of " + option + ".");
            }
            // A copy that was put back may have been made as the umask let it.
            PrivateFile.closeIfOpen(file);
            forceDirectory(file);
            return new SlotFile(channel);
        } catch (OverlappingFileLockException twice) {
            // The channel stays open: closing it would release the lock that this process holds.
            throw new Unusable("Another relay uses the file of " + option + ".", twice);
        }
    }

    /** A pipe would wait for ever for its other end, and what is written to a device is nowhere. */
    private static void requireFile(Path file) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new IOException("no file");
        }
    }

    /** A new file's name is on the disk only then; where directories cannot be opened (Windows) nothing can be done. */
    public static void forceDirectory(Path file) {
        @Nullable Path parent = file.toAbsolutePath().getParent();
        if (parent == null) {
            return;
        }
        try (FileChannel directory = FileChannel.open(parent, StandardOpenOption.READ)) {
            directory.force(true);
        } catch (IOException notHere) {
            return;
        }
    }

    /** As {@link #read(int, int)}, of a file that may be another process's: nothing is made, locked or written. */
    public static byte[] peek(Path file, int slot, int count) throws IOException {
        requireFile(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return read(channel, slot, count);
        }
    }

    /** The first {@code count} bytes of a place; zeroes where nothing was written. */
    public byte[] read(int slot, int count) throws IOException {
        return read(channel, slot, count);
    }

    private static byte[] read(FileChannel channel, int slot, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        int got;
        do {
            got = channel.read(bytes, at(slot) + bytes.position());
        } while (got > 0);
        return bytes.array();
    }

    /** When it returns, the bytes are on the disk. */
    public void write(int slot, byte[] bytes) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(Arrays.copyOf(bytes, SLOT_BYTES));
        while (left.hasRemaining()) {
            channel.write(left, at(slot) + left.position());
        }
        channel.force(true);
    }

    public void wipe(int slot) throws IOException {
        write(slot, new byte[0]);
    }

    private static long at(int slot) {
        return (long) slot * SLOT_BYTES;
    }

    private static FileAttribute<?>[] ownerOnly(String permissions) {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException alreadyForced) {
            return;
        }
    }
}
