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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreKeyTest {
    @TempDir
    private Path home;

    private Path data;
    private Path keyFile;
    private byte[] mark;

    @BeforeEach
    void begin() throws IOException {
        data = home.resolve("data");
        keyFile = home.resolve("key");
        KeyFile.createIfAbsent(keyFile);
        mark = StoreKey.open(data, KeyFile.read(keyFile)).blind("mark");
        Files.createFile(data.resolve("handshaker.db"));
    }

    private byte[] markOf(byte[] master) {
        return StoreKey.open(data, master).blind("mark");
    }

    private byte[] file() throws IOException {
        return Files.readAllBytes(data.resolve(StoreKey.FILE));
    }

    @Test
    void isTheSameAtEachStartAndNotTheMasterKey() {
        byte[] master = KeyFile.read(keyFile);
        assertArrayEquals(mark, markOf(master));
        assertFalse(Secrets.same(mark, new Vault(master).blind("mark")));
    }

    @Test
    void anotherMasterKeyIsRefusedWithOneSentenceAndNothingIsTouched() throws IOException {
        byte[] before = file();
        Unusable refused = assertThrows(Unusable.class, () -> markOf(Secrets.randomBytes(32)));
        assertTrue(refused.sentence().startsWith("This key is not the one of this database"), refused::sentence);
        assertArrayEquals(before, file());
    }

    @Test
    void aRenewedKeyOpensTheSameStoreAndTheOldOneLiesNowhere() throws IOException {
        byte[] old = KeyFile.read(keyFile);
        MasterKey.renew(data, keyFile);
        byte[] next = KeyFile.read(keyFile);
        assertFalse(Secrets.same(old, next));
        assertArrayEquals(mark, markOf(next));
        assertThrows(Unusable.class, () -> markOf(old));
        try (var files = Files.walk(home)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                byte[] bytes = Files.readAllBytes(file);
                assertFalse(
                        java.nio.charset.StandardCharsets.ISO_8859_1
                                .decode(java.nio.ByteBuffer.wrap(bytes))
                                .toString()
                                .contains(new String(old, java.nio.charset.StandardCharsets.ISO_8859_1)),
                        file::toString);
            }
        }
    }

    @Test
    void manyRenewalsLeaveOneSeal() throws IOException {
        for (int i = 0; i < 5; i++) {
            MasterKey.renew(data, keyFile);
            assertArrayEquals(mark, markOf(KeyFile.read(keyFile)));
        }
        assertEquals(1, seals());
    }

    private int seals() throws IOException {
        int seals = 0;
        byte[] file = file();
        for (int slot = 0; slot < 2; slot++) {
            boolean isEmpty = true;
            for (int i = slot * 4_096; i < Math.min(file.length, (slot + 1) * 4_096); i++) {
                isEmpty &= file[i] == 0;
            }
            seals += isEmpty ? 0 : 1;
        }
        return seals;
    }

    @Test
    void anAddedKeyOpensBesideTheOldOneUntilItIsUsed() throws IOException {
        byte[] old = KeyFile.read(keyFile);
        Path newFile = home.resolve("new");
        MasterKey.add(data, KeyFile.read(keyFile), newFile);
        byte[] next = KeyFile.read(newFile);
        assertArrayEquals(mark, markOf(old));
        assertArrayEquals(mark, markOf(old));
        assertArrayEquals(mark, markOf(next));
        assertThrows(Unusable.class, () -> markOf(old), "the new one was used");
        assertEquals(1, seals());
    }

    @Test
    void whatIsRefusedLeavesNoNewKeyBehind() {
        Path newFile = home.resolve("new");
        assertThrows(Unusable.class, () -> MasterKey.add(data, Secrets.randomBytes(32), newFile));
        assertFalse(Files.exists(newFile));
    }

    @Test
    void aKeyFileThatCannotBeWrittenIsRefusedBeforeAnythingChanges() throws IOException {
        org.junit.jupiter.api.Assumptions.assumeFalse("root".equals(System.getProperty("user.name")));
        byte[] before = file();
        Files.setPosixFilePermissions(keyFile, PosixFilePermissions.fromString("r--------"));
        assertThrows(Unusable.class, () -> MasterKey.renew(data, keyFile));
        assertArrayEquals(before, file());
    }

    @Test
    void aStoreOfBeforeHasTheMasterKeyForItsOwn() throws IOException {
        Files.delete(data.resolve(StoreKey.FILE));
        byte[] master = KeyFile.read(keyFile);
        assertArrayEquals(new Vault(master).blind("mark"), markOf(master));
        assertFalse(Files.exists(data.resolve(StoreKey.FILE)));
        Unusable refused = assertThrows(Unusable.class, () -> MasterKey.renew(data, keyFile));
        assertTrue(refused.sentence().contains("Nothing was touched"), refused::sentence);
        assertArrayEquals(master, KeyFile.read(keyFile));
    }

    @Test
    void isClosedToOthersWhereACopyWasPutBackAsTheUmaskLetIt() throws IOException {
        Path file = data.resolve(StoreKey.FILE);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertArrayEquals(mark, markOf(KeyFile.read(keyFile)));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    }

    @Test
    void aFirstStartThatWasKilledBeginsAgain() throws IOException {
        Files.delete(data.resolve("handshaker.db"));
        Files.write(data.resolve(StoreKey.FILE), new byte[0]);
        byte[] master = KeyFile.read(keyFile);
        assertArrayEquals(markOf(master), markOf(master));
    }
}
