// SPDX-License-Identifier: MIT
package org.handshaker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The onion's key and clients, as an operator handles them while no relay runs; what tor makes of them is seen elsewhere. */
final class OnionCommandsTest {
    private static final String ADDRESS = "a".repeat(56) + ".onion";
    /** RFC 7748, section 6.1: Alice's public key. */
    private static final String PUBLIC_KEY = "QUQPACMJGCTVI5ELPXOLIPXXLIG36OQNEY4BV5HLUSUY5KU3JZVA";

    @TempDir
    Path directory;

    private Path data;
    private Path onion;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void anOnionWithAKey() throws IOException {
        data = directory.resolve("data");
        onion = Files.createDirectories(data.resolve("onion"));
        byte[] key = Arrays.copyOf("== ed25519v1-secret: type0 ==".getBytes(UTF_8), 96);
        key[95] = 7;
        Files.write(onion.resolve("hs_ed25519_secret_key"), key);
        Files.writeString(onion.resolve("hostname"), ADDRESS + "\n");
    }

    @Test
    void theKeyGoesToAPrivateFileAndBack() throws IOException {
        Path copy = directory.resolve("copy");
        assertEquals(0, run("onion", "backup", copy.toString()));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(copy)));
        byte[] key = Files.readAllBytes(onion.resolve("hs_ed25519_secret_key"));
        assertArrayEquals(key, Files.readAllBytes(copy));
        assertEquals(2, run("onion", "backup", copy.toString()), "nothing is overwritten");

        Files.delete(onion.resolve("hs_ed25519_secret_key"));
        assertEquals(0, run("onion", "restore", copy.toString()));
        assertArrayEquals(key, Files.readAllBytes(onion.resolve("hs_ed25519_secret_key")));
        assertFalse(Files.exists(onion.resolve("hostname")), "tor makes it anew from the key");
        assertEquals(0, run("onion", "restore", copy.toString()), "again is harmless");
    }

    @Test
    void anotherKeyIsNotOverwrittenAndRubbishNotRestored() throws IOException {
        Path copy = directory.resolve("copy");
        run("onion", "backup", copy.toString());
        byte[] other = Files.readAllBytes(copy);
        other[94] = 1;
        Files.write(onion.resolve("hs_ed25519_secret_key"), other);
        assertEquals(2, run("onion", "restore", copy.toString()));
        assertTrue(said(err).contains("another onion's key"), said(err));
        Path rubbish = Files.write(directory.resolve("rubbish"), new byte[96]);
        assertEquals(2, run("onion", "restore", rubbish.toString()));
        assertArrayEquals(other, Files.readAllBytes(onion.resolve("hs_ed25519_secret_key")));
    }

    @Test
    void aClientsPrivateKeyIsShownOnceAndKeptNowhere() throws IOException {
        assertEquals(0, run("clients", "add", "bob"));
        String line = said(out).strip();
        assertTrue(line.matches("a{56}:descriptor:x25519:[A-Z2-7]{52}"), line);
        String secret = line.substring(line.lastIndexOf(':') + 1);
        assertFalse(said(err).contains(secret));
        Path file = onion.resolve("authorized_clients/bob.auth");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertFalse(Files.readString(file).contains(secret));
        assertEquals(2, run("clients", "add", "bob"), "a key is not replaced silently");
        assertEquals(0, run("clients", "list"));
        assertEquals("bob", said(out).strip());
    }

    @Test
    void whatIsShownIsDrawnForACameraOnRequestOnly() {
        assertEquals(0, run("onion", "address"));
        assertEquals("http://" + ADDRESS + "\n", said(out));
        assertEquals("", said(err));
        assertEquals(0, run("onion", "address", "--qr"));
        assertEquals("http://" + ADDRESS + "\n", said(out));
        assertEquals(21, said(err).lines().count(), "a version 4 code with its quiet zone");
        assertEquals(0, run("clients", "add", "bob", "--qr"));
        assertTrue(said(err).lines().filter(line -> line.contains("▀")).count() > 15, said(err));
    }

    @Test
    void aClientMayKeepItsPrivateKeyToItself() throws IOException {
        assertEquals(0, run("clients", "add", "alice", "--key", PUBLIC_KEY.toLowerCase(java.util.Locale.ROOT)));
        assertEquals("", said(out));
        assertEquals(
                "descriptor:x25519:" + PUBLIC_KEY + "\n",
                Files.readString(onion.resolve("authorized_clients/alice.auth")));
    }

    @Test
    void removingTheLastClientOpensNothing() throws IOException {
        run("clients", "add", "bob");
        assertEquals(0, run("clients", "remove", "bob"));
        assertEquals(2, run("clients", "remove", "bob"));
        assertEquals(
                List.of("self-probe.auth"),
                Arrays.asList(onion.resolve("authorized_clients").toFile().list()));
        assertEquals(0, run("clients", "open"));
        assertEquals(
                List.of(),
                Arrays.asList(onion.resolve("authorized_clients").toFile().list()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../bob", "", "Bob", "self-probe", ".", "a b", "0123456789012345678901234567890"})
    void aNameIsAPlainWord(String name) {
        assertEquals(2, run("clients", "add", name));
        assertFalse(Files.exists(onion.resolve("authorized_clients")), "nothing was written");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A", "01", "QUQPACMJGCTVI5ELPXOLIPXXLIG36OQNEY4BV5HLUSUY5KU3JZVB"})
    void aPublicKeyHasOneSpelling(String key) {
        assertEquals(2, run("clients", "add", "bob", "--key", key));
    }

    @Test
    void theFilesOfAnOperatorsOwnTorAreNotTouched() {
        assertEquals(2, run("clients", "add", "bob", "--tor", "torrc"));
        assertTrue(said(err).contains("HiddenServiceDir"), said(err));
    }

    @Test
    void theDoctorSaysWhatIsMissingAndWhatIsWrong() throws IOException {
        assertEquals(1, run("doctor", "--tor-binary", "no-such-tor"));
        assertTrue(said(out).contains("BAD  tor: tor cannot be started"), said(out));
        Path torrc =
                Files.writeString(directory.resolve("torrc"), "HiddenServiceDir /x\nHiddenServicePort 80 unix:/y\n");
        assertEquals(1, run("doctor", "--tor", "torrc", "--torrc", torrc.toString()));
        assertTrue(said(out).contains("lacks HiddenServiceExportCircuitID"), said(out));
        Files.writeString(torrc, "HiddenServiceExportCircuitID haproxy\nHiddenServiceNonAnonymousMode 1\n");
        assertEquals(1, run("doctor", "--tor", "torrc", "--torrc", torrc.toString()));
        assertTrue(said(out).contains("give away where the relay is"), said(out));
        assertEquals(0, run("doctor", "--tor", "torrc", "--torrc", "torrc.example"), said(out));
        assertFalse(Files.exists(directory.resolve("key")), "it changes nothing");
    }

    private int run(String... words) {
        out.reset();
        err.reset();
        List<String> arguments = new ArrayList<>(List.of(words));
        arguments.add("--data=" + data);
        if (words[0].equals("doctor")) {
            arguments.add("--key-file=" + directory.resolve("key"));
        }
        return Main.run(
                arguments.toArray(String[]::new),
                InputStream.nullInputStream(),
                new PrintStream(out, true, UTF_8),
                new PrintStream(err, true, UTF_8));
    }

    private static String said(ByteArrayOutputStream stream) {
        return stream.toString(UTF_8);
    }
}
