// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.handshaker.core.Config;
import org.handshaker.core.KeyFile;
import org.handshaker.core.StoreKey;
import org.handshaker.core.Unusable;
import org.handshaker.queue.ChainPlaces;
import org.handshaker.store.Database;
import org.jspecify.annotations.Nullable;

/**
 * Destroys a relay's data for good and at once: first the keys, each written over and forced to the disk, so that a second later
 * whatever else is left is noise; then the relay's sockets, the operator's token and every file of the data directory. How large the database is does not matter.
 */
final class Panic {
    /** Larger files hold only what the keys opened, and are deleted as they are. */
    private static final long SECRET_BYTES_MAX = 65_536;

    private final Config config;

    Panic(Config config) {
        this.config = config;
    }

    /** So that a mistyped directory is not emptied. */
    void requireRelay() {
        boolean isThere = Stream.of("handshaker.db", StoreKey.FILE)
                .anyMatch(file -> Files.exists(config.data().resolve(file)));
        // The lock is what a panic that was killed may have left; many programs have one, and none writes its process
        // in it.
        if (!isThere && !Database.isLockIn(config.data())) {
            throw new Unusable("There is no relay's data in the data directory: check --data. Nothing was destroyed.");
        }
    }

    /**
     * Never throws and never stops in the middle.
     *
     * @return what could not be destroyed
     */
    List<Path> destroy() {
        List<Path> left = new ArrayList<>(anothers());
        // Any of the first two makes the database unreadable; the third, what waits in it.
        for (Path key : keys()) {
            if (!left.contains(key) && !KeyFile.destroy(key)) {
                left.add(key);
            }
        }
        endWhoeverRuns();
        for (Path socket : new Doors(config).all()) {
            if (!Doors.remove(socket)) {
                left.add(socket);
            }
        }
        destroyAll(directory(), left);
        return left;
    }

    /** A relay that runs has the keys in its memory, and it and its tor would write their files again. */
    private void endWhoeverRuns() {
        ProcessHandle.current().descendants().filter(this::isTorOfIt).forEach(ProcessHandle::destroyForcibly);
        Database.holder(config.data())
                .filter(pid -> pid != ProcessHandle.current().pid())
                .flatMap(ProcessHandle::of)
                .ifPresent(relay -> {
                    relay.descendants().forEach(ProcessHandle::destroyForcibly);
                    relay.destroyForcibly();
                });
    }

    /** Its torrc lies in the data directory, and is named where it was started. */
    private boolean isTorOfIt(ProcessHandle child) {
        return child.info()
                .commandLine()
                .filter(line -> line.contains(config.data().toString()))
                .isPresent();
    }

    /** The directory itself, where {@code --data} is a link to it: systemd makes one for a user that it makes up. */
    private Path directory() {
        try {
            return config.data().toRealPath();
        } catch (IOException unreachable) {
            return config.data();
        }
    }

    /**
     * Where nobody has named the key file of these data, the usual one is perhaps another relay's. If it does not open these data
     * it stays, and so does what lies beside it.
     */
    private List<Path> anothers() {
        if (config.isKeyFileNamed()) {
            return List.of();
        }
        try {
            byte[] master = KeyFile.read(config.keyFile());
            boolean isAnothers = StoreKey.isAnothers(config.data(), master);
            Arrays.fill(master, (byte) 0);
            if (!isAnothers) {
                return List.of();
            }
        } catch (Unusable unreadable) {
            return List.of();
        }
        Path beside = Config.ratchetBeside(config.keyFile());
        return Files.exists(beside) ? List.of(config.keyFile(), beside) : List.of(config.keyFile());
    }

    private List<Path> keys() {
        List<Path> keys = new ArrayList<>();
        if (!config.isKeyTyped()) {
            keys.add(config.keyFile());
        }
        keys.add(config.data().resolve(StoreKey.FILE));
        keys.addAll(new ChainPlaces(config).all());
        return keys;
    }

    private static void destroyAll(Path directory, List<Path> left) {
        try {
            Files.walkFileTree(directory, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes found) {
                    boolean isSecret = found.isRegularFile() && found.size() <= SECRET_BYTES_MAX && found.size() > 0;
                    if (isSecret ? !KeyFile.destroy(file) : !isDeleted(file)) {
                        left.add(file);
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException unreadable) {
                    if (Files.exists(file)) {
                        left.add(file);
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path emptied, @Nullable IOException failed) {
                    // The data directory itself may be a mount, and says nothing.
                    if (!emptied.equals(directory)) {
                        var unused = isDeleted(emptied);
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException unreachable) {
            left.add(directory);
        }
    }

    private static boolean isDeleted(Path path) {
        try {
            Files.deleteIfExists(path);
            return true;
        } catch (IOException staysThere) {
            return false;
        }
    }
}
