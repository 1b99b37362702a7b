// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Base64;
import java.util.Set;

/**
 * The onion's secret key in tor's own file format, {@code onion/hs_ed25519_secret_key}: the same file that a managed tor uses,
 * so that an operator may change the way of being an onion and keep the address.
 */
final class OnionKey {
    private static final byte[] HEAD =
            Arrays.copyOf("== ed25519v1-secret: type0 ==".getBytes(StandardCharsets.US_ASCII), 32);
    private static final int KEY_BYTES = 64;
    private static final String TYPE = "ED25519-V3:";

    private final Path directory;
    private final Path file;

    OnionKey(Path data) {
        this.directory = data.resolve("onion");
        this.file = directory.resolve("hs_ed25519_secret_key");
    }

    /** As {@code ADD_ONION} takes it: the kept key, or the wish for a new one. */
    String forAddOnion() throws IOException {
        if (!Files.exists(file)) {
            return "NEW:ED25519-V3";
        }
        byte[] bytes = Files.readAllBytes(file);
        if (bytes.length != HEAD.length + KEY_BYTES || !Arrays.equals(bytes, 0, HEAD.length, HEAD, 0, HEAD.length)) {
            throw new IOException(
                    "the onion's key file is damaged: restore onion/hs_ed25519_secret_key from its backup");
        }
        return TYPE + Base64.getEncoder().encodeToString(Arrays.copyOfRange(bytes, HEAD.length, bytes.length));
    }

    /** Keeps what tor made, on the disk before anyone learns the address; an address that cannot come back is worse than none. */
    void keep(String privateKey) throws IOException {
        byte[] key = privateKey.startsWith(TYPE)
                ? Base64.getDecoder().decode(privateKey.substring(TYPE.length()))
                : new byte[0];
        if (key.length != KEY_BYTES) {
            throw new IOException("tor made a key of an unknown kind");
        }
        TorProcess.privateDirectory(directory);
        try (FileChannel out = FileChannel.open(
                file,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer bytes = ByteBuffer.allocate(HEAD.length + KEY_BYTES)
                    .put(HEAD)
                    .put(key)
                    .flip();
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
        }
        try (FileChannel entry = FileChannel.open(directory, StandardOpenOption.READ)) {
            entry.force(true);
        }
    }
}
