// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Small files that only their owner may read, whatever the umask says; whoever is killed leaves the old one or the new one. */
public final class PrivateFile {
    private static final String MODE = "rw-------";

    private PrivateFile() {}

    /** Puts the bytes into the file, in place of what it holds; when it returns, they are on the disk. */
    public static void replace(Path file, byte[] bytes) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        // Made anew: one that a kill left may have another mode.
        Files.deleteIfExists(part);
        try (FileChannel channel =
                FileChannel.open(part, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), ownerOnly())) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                channel.write(left);
            }
            channel.force(true);
        }
        Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        SlotFile.forceDirectory(file);
    }

    /** Takes from others what an earlier version let them do with it. */
    public static void close(Path file) throws IOException {
        if (isPosix()) {
            Files.getFileAttributeView(file, PosixFileAttributeView.class)
                    .setPermissions(PosixFilePermissions.fromString(MODE));
        }
    }

    /** As {@link #close}, where there is something to take; the mode of what is private already stays. */
    static void closeIfOpen(Path file) throws IOException {
        if (isPosix()
                && Files.getPosixFilePermissions(file).stream()
                        .anyMatch(right -> !right.name().startsWith("OWNER_"))) {
            close(file);
        }
    }

    static FileAttribute<?>[] ownerOnly() {
        return isPosix()
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(MODE))}
                : new FileAttribute<?>[0];
    }

    private static boolean isPosix() {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    }
}
