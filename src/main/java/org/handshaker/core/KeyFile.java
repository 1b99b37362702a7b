// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** The file that holds the master key: 32 random bytes, readable by its owner only. */
public final class KeyFile {
    /** Secrets are smaller. */
    private static final long DESTROYED_BYTES_MAX = 1_048_576;

    private KeyFile() {}

    /** Whether {@link #createIfAbsent} made a new one. */
    public enum Found {
        THERE,
        CREATED
    }

    /** Creates the file with a fresh secret unless there is one; forced to the disk before anything is sealed with it. */
    public static Found createIfAbsent(Path file) {
        if (Files.exists(file)) {
            return Found.THERE;
        }
        if (Files.isSymbolicLink(file)) {
            // Its name is taken: the new key could not get it, and would stay beside it.
            throw new Unusable("The file of --key-file is a link that leads nowhere: check --key-file.");
        }
        byte[] secret = Secrets.randomBytes(Vault.MASTER_BYTES);
        try {
            Path parent = file.toAbsolutePath().getParent();
            if (parent != null && !Files.isDirectory(parent)) {
                Files.createDirectories(parent, ownerOnly("rwx------"));
            }
            // Whole under its name or not there: whoever is killed in between starts again.
            Path part = file.resolveSibling(file.getFileName() + ".part");
            try (FileChannel channel = FileChannel.open(
                    part,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                    ownerOnly("rw-------"))) {
                // Of two who start at once the second waits here. What it has open is then the first one's key, with
                // which
                // something may be sealed already.
                var unused = channel.lock();
                if (Files.exists(file)) {
                    Files.deleteIfExists(part);
                    return Found.THERE;
                }
                // One that a kill left may have another mode.
                PrivateFile.closeIfOpen(part);
                channel.truncate(0);
                channel.write(ByteBuffer.wrap(secret));
                channel.force(true);
                Files.move(part, file);
            }
            SlotFile.forceDirectory(file);
            return Found.CREATED;
        } catch (IOException impossible) {
            throw new Unusable("The key file cannot be created: check --key-file.", impossible);
        } finally {
            java.util.Arrays.fill(secret, (byte) 0);
        }
    }

    /** The master key; the caller wipes it. */
    public static byte[] read(Path file) {
        try {
            if (isPosix()) {
                Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
                if (isTooOpen(file, permissions)) {
                    throw new Unusable("The file of --key-file can be read by others: chmod 600 it.");
                }
            }
            if (Files.size(file) != Vault.MASTER_BYTES) {
                throw new Unusable("The file of --key-file must hold exactly 32 bytes.");
            }
            return Files.readAllBytes(file);
        } catch (IOException unreadable) {
            throw new Unusable("The key file cannot be read: check --key-file.", unreadable);
        }
    }

    /**
     * Writes zeroes over a small secret file, so that the disk holds it no more, and deletes it; says whether it is gone. What is
     * no file stays.
     */
    public static boolean destroy(Path file) {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            // A pipe would wait for ever for who reads it, and a device is not ours.
            return false;
        }
        boolean isBlank = false;
        try (FileChannel channel = openToWrite(file)) {
            ByteBuffer zeroes = ByteBuffer.allocate((int) Math.min(channel.size(), DESTROYED_BYTES_MAX));
            while (zeroes.hasRemaining()) {
                channel.write(zeroes, zeroes.position());
            }
            channel.force(true);
            isBlank = true;
        } catch (NoSuchFileException none) {
            return true;
        } catch (IOException readOnly) {
            isBlank = false;
        }
        try {
            Files.deleteIfExists(file);
            return true;
        } catch (IOException staysThere) {
            return isBlank;
        }
    }

    /** Also what its owner only lets himself read, as many do with a key. */
    private static FileChannel openToWrite(Path file) throws IOException {
        try {
            return FileChannel.open(file, StandardOpenOption.WRITE);
        } catch (AccessDeniedException readOnly) {
            PrivateFile.close(file);
            return FileChannel.open(file, StandardOpenOption.WRITE);
        }
    }

    /** systemd lets one user in by an access list, which looks like the group's right to read; the directory is private. */
    static boolean isTooOpen(Path file, Set<PosixFilePermission> permissions) {
        boolean isCredential = file.toAbsolutePath().normalize().startsWith("/run/credentials");
        return permissions.contains(PosixFilePermission.OTHERS_READ)
                || (permissions.contains(PosixFilePermission.GROUP_READ) && !isCredential);
    }

    private static boolean isPosix() {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    }

    private static FileAttribute<?>[] ownerOnly(String permissions) {
        return isPosix()
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }
}
