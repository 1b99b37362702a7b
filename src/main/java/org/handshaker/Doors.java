// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.handshaker.admin.OperatorToken;
import org.handshaker.core.Config;
import org.handshaker.core.KeyFile;
import org.handshaker.core.Listen;
import org.handshaker.core.PathNotes;

/**
 * The Unix sockets of a relay, and the operator's token beside one of them. They lie outside the data directory, which remembers
 * them while the relay runs and after it was killed: so whoever destroys everything needs not know where they were.
 */
final class Doors {
    private static final String NOTE = "doors";
    private static final long TOKEN_BYTES_MAX = 256;

    private final Config config;
    private final Path note;

    Doors(Config config) {
        this.config = config;
        this.note = config.data().resolve(NOTE);
    }

    /** Before they are made. On a disk that is full a relay starts without. */
    void remember() {
        try {
            PathNotes.write(note, ofSettings());
        } catch (IOException full) {
            return;
        }
    }

    /** After they are gone. */
    void forget() {
        try {
            PathNotes.write(note, List.of());
        } catch (IOException stays) {
            // It names sockets that nobody serves.
            return;
        }
    }

    /** To be asked while the data directory is there. */
    List<Path> all() {
        Set<Path> all = new LinkedHashSet<>(ofSettings());
        all.addAll(PathNotes.read(note));
        return List.copyOf(all);
    }

    /** Nothing but a socket, and the token beside one, is deleted; says whether nothing is left of it. */
    static boolean remove(Path socket) {
        try {
            if (Files.exists(socket, LinkOption.NOFOLLOW_LINKS)
                    && Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                            .isOther()) {
                Files.delete(socket);
            }
            Path token = OperatorToken.fileOf(socket);
            return !Files.isRegularFile(token, LinkOption.NOFOLLOW_LINKS)
                    || Files.size(token) > TOKEN_BYTES_MAX
                    || KeyFile.destroy(token);
        } catch (IOException staysThere) {
            return false;
        }
    }

    private List<Path> ofSettings() {
        return Stream.of(Optional.of(config.listen()), config.local(), config.admin())
                .flatMap(Optional::stream)
                .map(Listen::unixPath)
                .filter(Objects::nonNull)
                .map(path -> path.toAbsolutePath().normalize())
                .toList();
    }
}
