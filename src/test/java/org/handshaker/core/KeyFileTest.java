// SPDX-License-Identifier: MIT
package org.handshaker.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFileTest {
    @TempDir
    Path directory;

    @Test
    void isMadeOnceAndForItsOwnerOnly() throws IOException {
        Path file = directory.resolve("config/handshaker/master.key");

        assertEquals(KeyFile.Found.CREATED, KeyFile.createIfAbsent(file));
        byte[] secret = KeyFile.read(file);

        assertEquals(Vault.MASTER_BYTES, secret.length);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(KeyFile.Found.THERE, KeyFile.createIfAbsent(file));
        assertArrayEquals(secret, KeyFile.read(file));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "r--r--r--"})
    void isRefusedWhereOthersCanReadIt(String permissions) throws IOException {
        Path file = directory.resolve("master.key");
        KeyFile.createIfAbsent(file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));

        assertThrows(Unusable.class, () -> KeyFile.read(file));
    }

    @Test
    void aLinkThatLeadsNowhereIsRefusedAndNothingIsLeftBesideIt() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("master.key"), directory.resolve("unmounted/key"));

        Unusable refused = assertThrows(Unusable.class, () -> KeyFile.createIfAbsent(link));
        assertTrue(refused.sentence().contains("leads nowhere"), refused::sentence);
        try (var files = Files.list(directory)) {
            assertEquals(java.util.List.of(link), files.toList());
        }
    }

    @Test
    void takesTheAccessListThatSystemdPutsOnACredential() {
        Path credential = Path.of("/run/credentials/handshaker.service/master.key");

        assertFalse(KeyFile.isTooOpen(credential, PosixFilePermissions.fromString("r--r-----")));
        assertTrue(KeyFile.isTooOpen(credential, PosixFilePermissions.fromString("r--r--r--")));
        assertTrue(KeyFile.isTooOpen(
                Path.of("/run/credentials/../../etc/master.key"), PosixFilePermissions.fromString("r--r-----")));
    }

    @Test
    void isRefusedWhereItHoldsAnythingElse() throws IOException {
        Path file = directory.resolve("master.key");
        KeyFile.createIfAbsent(file);
        Files.write(file, new byte[Vault.MASTER_BYTES + 1]);

        assertThrows(Unusable.class, () -> KeyFile.read(file));
        assertThrows(Unusable.class, () -> KeyFile.read(directory.resolve("none")));
    }
}
