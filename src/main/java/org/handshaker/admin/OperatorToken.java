// SPDX-License-Identifier: MIT
package org.handshaker.admin;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Secret;
import org.handshaker.core.Secrets;
import org.handshaker.core.Unusable;
import org.handshaker.web.Authenticator;

/**
 * The operator's key beside the operator's socket: 256 fresh bits for each life of the relay, in a file that only its user can
 * read. Whoever is let at the socket alone, through a shared directory or a forwarded socket, can do nothing with it. It
 * remembers its hash only, and is compared in constant time.
 */
public final class OperatorToken implements Authenticator, AutoCloseable {
    private final Path file;
    /** Of the token in the file; before there is one, of bits that nobody has seen. */
    private volatile byte[] hash = Secrets.randomBytes(32);

    private volatile boolean isOurs;
    private final Caller operator = new Caller(Id.random(), Id.random());

    /** Opens nothing before {@link #write()}. */
    public OperatorToken(Path socket) {
        this.file = fileOf(socket);
    }

    /** Where the token for a socket lies: the socket's path and {@code .token}. */
    public static Path fileOf(Path socket) {
        return socket.resolveSibling(socket.getFileName() + ".token");
    }

    /**
     * Makes the token, in place of whatever an earlier life left. To be called when the socket is ours: the file of a relay
     * that runs there must not be touched.
     */
    public void write() {
        try (Secret token = Secret.random()) {
            hash = token.sha256();
            Files.deleteIfExists(file);
            // Made anew and private from the first moment: neither a link that lies there nor the umask opens it to
            // others.
            try (FileChannel channel = FileChannel.open(
                    file,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                ByteBuffer line = token.lend(text -> ByteBuffer.allocate(text.length + 1)
                        .put(text)
                        .put((byte) '\n')
                        .flip());
                while (line.hasRemaining()) {
                    channel.write(line);
                }
                Arrays.fill(line.array(), (byte) 0);
            }
        } catch (IOException impossible) {
            throw new Unusable(
                    "The token beside the operator's socket cannot be written: check the directory of --admin.",
                    impossible);
        }
        isOurs = true;
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
        if (isOurs) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException stays) {
                // It opens nothing any more.
                return;
            }
        }
    }

    @Override
    public String toString() {
        return "OperatorToken";
    }
}
