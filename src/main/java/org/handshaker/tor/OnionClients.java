// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.handshaker.core.Unusable;

/**
 * Whom the onion lets in, as tor's own files: {@code onion/authorized_clients/NAME.auth}, each with one public key (rend-spec
 * v3, client authorization). Without a file the onion is everybody's; with one, whoever has none of the keys cannot even learn
 * that it is up. A running relay notices a change by itself. Names are the operator's own words, and no private key is kept
 * but the relay's, with which it checks from outside that it is reached.
 *
 * <p>Guarantee: taking the last client away does not open the onion; only {@link #openToAll} does.
 */
public final class OnionClients {
    /** What one descriptor holds with room to spare. */
    public static final int CLIENTS_MAX = 300;

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,29}");
    private static final String OWN = "self-probe";
    private static final String END = ".auth";
    private static final String HEAD = "descriptor:x25519:";
    private static final int KEY_BYTES = 32;
    private static final int FILE_BYTES_MAX = 256;

    private final Path onion;
    private final Path directory;
    private final Path ownKey;

    /** @param data the relay's data directory */
    public OnionClients(Path data) {
        this.onion = data.resolve("onion");
        this.directory = onion.resolve("authorized_clients");
        this.ownKey = onion.resolve("self_probe_key");
    }

    /** A client's pair of keys in base 32; the private one is for the client alone and is never kept. */
    public record KeyOfClient(String publicKey, String privateKey) {
        /** The line of a file in the client's {@code ClientOnionAuthDir}; Tor Browser asks for its last part. */
        public String line(String onion) {
            return onion.replace(".onion", "") + ":" + HEAD + privateKey;
        }

        /** As tor's {@code ONION_CLIENT_AUTH_ADD} takes it. */
        public String privateKeyBase64() {
            return Base64.getEncoder().encodeToString(Base32.decode(privateKey));
        }

        @Override
        public String toString() {
            return "KeyOfClient";
        }
    }

    public static KeyOfClient newKey() {
        try {
            KeyPair pair = KeyPairGenerator.getInstance("X25519").generateKeyPair();
            // RFC 8410: in both encodings the key itself is what comes last.
            return new KeyOfClient(
                    Base32.encode(last(pair.getPublic().getEncoded())),
                    Base32.encode(last(pair.getPrivate().getEncoded())));
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("every Java has X25519", missing);
        }
    }

    /** The names of those who are let in. */
    public List<String> names() {
        return known().stream().filter(name -> !name.equals(OWN)).toList();
    }

    /** Whether only those with a key are let in. */
    public boolean isRestricted() {
        return !known().isEmpty();
    }

    private Set<String> known() {
        try {
            return keys().keySet();
        } catch (IOException unreadable) {
            throw new Unusable("The clients' files cannot be read in " + directory + ".", unreadable);
        }
    }

    /** @param publicKey 52 characters of base 32 */
    public void add(String name, String publicKey) {
        requireName(name);
        if (names().size() >= CLIENTS_MAX) {
            throw new Unusable("There are " + CLIENTS_MAX + " clients, and an onion's descriptor holds no more.");
        }
        String key;
        try {
            key = Base32.encode(Base32.decode(publicKey.strip()));
        } catch (IllegalArgumentException malformed) {
            throw new Unusable("A client's public key is 52 characters of A to Z and 2 to 7.", malformed);
        }
        try {
            TorProcess.privateDirectory(onion);
            TorProcess.privateDirectory(directory);
            // The relay's own first: from the first client on it needs a key as well, to see itself from outside.
            keepOwn();
            writePrivate(file(name), HEAD + key + "\n");
        } catch (FileAlreadyExistsException known) {
            throw new Unusable("There is a client of this name already: remove it first, or take another name.", known);
        } catch (IOException failed) {
            throw new Unusable("The client's file cannot be written in " + directory + ".", failed);
        }
    }

    /** Takes a client away; those who are left, even if nobody is, stay the only ones who are let in. */
    public void remove(String name) {
        requireName(name);
        try {
            if (!Files.deleteIfExists(file(name))) {
                throw new Unusable("There is no client of this name.");
            }
        } catch (IOException failed) {
            throw new Unusable("The client's file cannot be removed from " + directory + ".", failed);
        }
    }

    /** Forgets all clients: from now on the onion is everybody's. */
    public void openToAll() {
        try {
            for (String name : known()) {
                Files.deleteIfExists(file(name));
            }
            Files.deleteIfExists(ownKey);
        } catch (IOException failed) {
            throw new Unusable("The clients' files cannot be removed from " + directory + ".", failed);
        }
    }

    /** Public keys by name, the relay's own among them; files that are none of tor's are passed over, as tor does. */
    SortedMap<String, String> keys() throws IOException {
        SortedMap<String, String> keys = new TreeMap<>();
        if (!Files.isDirectory(directory)) {
            return keys;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + END)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                String text = Files.size(file) > FILE_BYTES_MAX ? "" : Files.readString(file, StandardCharsets.UTF_8);
                if (text.startsWith(HEAD)) {
                    keys.put(
                            name.substring(0, name.length() - END.length()),
                            text.substring(HEAD.length()).strip());
                }
            }
        }
        return keys;
    }

    /** The relay's own private key in base 64, as tor's control port takes it, once there are clients. */
    Optional<String> ownPrivateKey() throws IOException {
        if (!Files.exists(ownKey)) {
            return Optional.empty();
        }
        byte[] key = Base32.decode(Files.readString(ownKey).strip());
        return Optional.of(Base64.getEncoder().encodeToString(key));
    }

    private void keepOwn() throws IOException {
        if (Files.exists(file(OWN)) && Files.exists(ownKey)) {
            return;
        }
        KeyOfClient own = newKey();
        Files.deleteIfExists(ownKey);
        Files.deleteIfExists(file(OWN));
        writePrivate(ownKey, own.privateKey() + "\n");
        writePrivate(file(OWN), HEAD + own.publicKey() + "\n");
    }

    private Path file(String name) {
        return directory.resolve(name + END);
    }

    private static void requireName(String name) {
        if (!NAME.matcher(name).matches() || name.equals(OWN)) {
            throw new Unusable("A client's name is 1 to 30 of a-z, 0-9, _ and -, and not " + OWN + ".");
        }
    }

    private static byte[] last(byte[] encoded) {
        return Arrays.copyOfRange(encoded, encoded.length - KEY_BYTES, encoded.length);
    }

    /** Nobody else can read it at any moment, and nothing is overwritten. */
    private static void writePrivate(Path file, String text) throws IOException {
        Path fresh = file.resolveSibling("." + file.getFileName() + ".new");
        Files.deleteIfExists(fresh);
        try (var out = Files.newByteChannel(
                fresh,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            out.write(java.nio.ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
        }
        // Whole or not at all: a running relay, and tor, may read at any moment.
        try {
            Files.createLink(file, fresh);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }
}
