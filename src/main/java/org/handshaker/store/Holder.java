// SPDX-License-Identifier: MIT
package org.handshaker.store;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Who has a lock file open. What stands in the file is a process of the holder's own namespace: a container's is somebody else's
 * number outside, often that of the first process of all. So where the system tells (Linux), nobody is taken for it who has not
 * the file open.
 */
final class Holder {
    private static final Path PROCESSES = Path.of("/proc");

    private Holder() {}

    /** @param named what stands in the file; looked at first */
    static Optional<Long> of(Path file, long named) {
        if (!Files.isDirectory(PROCESSES.resolve("self/fd"))) {
            return Optional.of(named);
        }
        return Stream.concat(Stream.of(named), ProcessHandle.allProcesses().map(ProcessHandle::pid))
                .filter(pid -> pid != ProcessHandle.current().pid() && hasOpen(pid, file))
                .findFirst();
    }

    private static boolean hasOpen(long pid, Path file) {
        try (DirectoryStream<Path> open =
                Files.newDirectoryStream(PROCESSES.resolve(Long.toString(pid)).resolve("fd"))) {
            for (Path descriptor : open) {
                if (isOf(descriptor, file)) {
                    return true;
                }
            }
            return false;
        } catch (IOException | DirectoryIteratorException goneOrNotOurs) {
            return false;
        }
    }

    private static boolean isOf(Path descriptor, Path file) {
        try {
            // By its name first: to look at what lies on a server that does not answer takes for ever.
            return Files.readSymbolicLink(descriptor).endsWith(file.getFileName())
                    && Files.isSameFile(descriptor, file);
        } catch (IOException closedMeanwhile) {
            return false;
        }
    }
}
