// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.handshaker.core.Unusable;
import org.jspecify.annotations.Nullable;

/**
 * The onion's secret key in tor's own file format, {@code onion/hs_ed25519_secret_key}: the same file that a managed tor uses,
 * so that an operator may change the way of being an onion and keep the address.
 */
public final class OnionKey {
    private static final byte[] HEAD =
            Arrays.copyOf("== ed25519v1-secret: type0 ==".getBytes(StandardCharsets.US_ASCII), 32);
    private static final int KEY_BYTES = 64;
    private static final Pattern ADDRESS = Pattern.compile("[a-z2-7]{56}\\.onion");
    private static final String TYPE = "ED25519-V3:";

    private final Path directory;
    private final Path file;

    /** @param data the relay's data directory */
    public OnionKey(Path data) {
        this.directory = data.resolve("onion");
        this.file = directory.resolve("hs_ed25519_secret_key");
    }

    /** As {@code ADD_ONION} takes it: the kept key, or the wish for a new one. */
    String forAddOnion() throws IOException {
        if (!Files.exists(file)) {
            return "NEW:ED25519-V3";
        }
        byte[] bytes = read(file);
        if (!isKey(bytes)) {
            throw new IOException(
                    "the onion's key file is damaged: restore onion/hs_ed25519_secret_key from its backup");
        }
        return TYPE + Base64.getEncoder().encodeToString(Arrays.copyOfRange(bytes, HEAD.length, bytes.length));
    }

    /** The address that belongs to the key, once a tor has told it. */
    public Optional<String> address() {
        try {
            String name = Files.readString(directory.resolve("hostname")).strip();
            return ADDRESS.matcher(name).matches() ? Optional.of(name) : Optional.empty();
        } catch (IOException unknownYet) {
            return Optional.empty();
        }
    }

    /** Keeps the address where tor itself would, for commands that need it while no relay runs. */
    void keepAddress(String onion) throws IOException {
        if (!address().equals(Optional.of(onion))) {
            Path hostname = directory.resolve("hostname");
            Files.deleteIfExists(hostname);
            write(hostname, (onion + "\n").getBytes(StandardCharsets.US_ASCII));
        }
    }

    /** Copies the key to a new file, for its owner alone. Whoever has it can be this relay. */
    public void backUp(Path copy) {
        try {
            byte[] key = Files.exists(file) ? read(file) : new byte[0];
            if (!isKey(key)) {
                throw new Unusable(
                        "There is no onion key in " + directory + ": start the relay once, or check --data.");
            }
            write(copy, key);
        } catch (FileAlreadyExistsException there) {
            throw new Unusable("The file is there already and is not overwritten: " + copy + ".", there);
        } catch (IOException failed) {
            throw new Unusable("The onion key cannot be copied to " + copy + ".", failed);
        }
    }

    /** Puts a copy back, on a relay that does not run. Another onion's key is not overwritten. */
    public void restore(Path copy) {
        try {
            byte[] key = read(copy);
            if (!isKey(key)) {
                throw new Unusable("This is no copy of an onion key: " + copy + ".");
            }
            if (Files.exists(file)) {
                if (Arrays.equals(key, read(file))) {
                    return;
                }
                throw new Unusable(
                        "There is another onion's key in " + directory + ": move that directory away first.");
            }
            TorProcess.privateDirectory(directory);
            // Of another key, perhaps; tor makes them anew from this one.
            Files.deleteIfExists(directory.resolve("hs_ed25519_public_key"));
            Files.deleteIfExists(directory.resolve("hostname"));
            write(file, key);
        } catch (IOException failed) {
            throw new Unusable("The onion key cannot be put back from " + copy + ".", failed);
        }
    }

    private static byte[] read(Path from) throws IOException {
        try (InputStream in = Files.newInputStream(from)) {
            return in.readNBytes(HEAD.length + KEY_BYTES + 1);
        }
    }

    private static boolean isKey(byte[] bytes) {
        return bytes.length == HEAD.length + KEY_BYTES && Arrays.equals(bytes, 0, HEAD.length, HEAD, 0, HEAD.length);
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
        write(
                file,
                ByteBuffer.allocate(HEAD.length + KEY_BYTES).put(HEAD).put(key).array());
    }

    /** To the disk, for its owner alone, and over nothing. */
    private static void write(Path to, byte[] content) throws IOException {
        try (FileChannel out = FileChannel.open(
                to,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
        }
        try (FileChannel entry = FileChannel.open(parent(to), StandardOpenOption.READ)) {
            entry.force(true);
        }
    }

    private static Path parent(Path file) {
        @Nullable Path parent = file.toAbsolutePath().getParent();
        return parent == null ? file : parent;
    }
}
