// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** A few paths that a data directory remembers, each a URI on a line of its own; private, and whole whoever is killed. */
public final class PathNotes {
    public static final int PATHS_MAX = 16;
    private static final int BYTES_MAX = 65_536;

    private PathNotes() {}

    /** None where there is no note, or one that nobody of us wrote. */
    public static List<Path> read(Path note) {
        try (InputStream in = Files.newInputStream(note)) {
            return new String(in.readNBytes(BYTES_MAX), StandardCharsets.US_ASCII)
                    .lines()
                    .limit(PATHS_MAX)
                    .map(line -> Path.of(URI.create(line)))
                    .toList();
        } catch (IOException | IllegalArgumentException | FileSystemNotFoundException none) {
            return List.of();
        }
    }

    /** On the disk when it returns; of no paths there is no note. */
    public static void write(Path note, List<Path> paths) throws IOException {
        if (paths.isEmpty()) {
            Files.deleteIfExists(note);
            return;
        }
        String lines = paths.stream()
                .limit(PATHS_MAX)
                .map(path -> path.toUri().toASCIIString() + "\n")
                .collect(Collectors.joining());
        PrivateFile.replace(note, lines.getBytes(StandardCharsets.US_ASCII));
    }
}
