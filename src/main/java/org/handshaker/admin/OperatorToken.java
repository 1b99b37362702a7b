// SPDX-License-Identifier: MIT
package org.handshaker.admin;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Secrets;
import org.handshaker.core.Unusable;
import org.handshaker.web.Authenticator;

/**
 * The operator's key beside the operator's socket: 256 fresh bits for each life of the relay, in a file that only its user can
 * read. Whoever is let at the socket alone, through a shared directory or a forwarded socket, can do nothing with it.
 */
public final class OperatorToken implements Authenticator, AutoCloseable {
    private final Path file;
    private final byte[] hash;
    private final Caller operator = new Caller(Id.random(), Id.random());

    private OperatorToken(Path file, byte[] hash) {
        this.file = file;
        this.hash = hash;
    }

    /** Where the token for a socket lies: the socket's path and {@code .token}. */
    public static Path fileOf(Path socket) {
        return socket.resolveSibling(socket.getFileName() + ".token");
    }

    /** Makes a new token in place of whatever an earlier life left. */
    public static OperatorToken make(Path socket) {
        Path file = fileOf(socket);
        String token = Secrets.newToken();
        try {
            Files.deleteIfExists(file);
            try (FileChannel channel = FileChannel.open(
                    file,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                channel.write(ByteBuffer.wrap((token + "\n").getBytes(StandardCharsets.US_ASCII)));
            }
        } catch (IOException impossible) {
            throw new Unusable(
                    "The token beside the operator's socket cannot be written: check the directory of --admin.",
                    impossible);
        }
        return new OperatorToken(file, Secrets.sha256(token));
    }

    @Override
    public Caller authenticate(String bearerToken) {
        if (!Secrets.same(hash, Secrets.sha256(bearerToken))) {
            throw Reason.NOT_SIGNED_IN.refuse();
        }
        return operator;
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException stays) {
            // It opens nothing any more.
            return;
        }
    }
}
