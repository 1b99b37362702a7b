// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.handshaker.core.KeyFile;
import org.handshaker.core.MasterKey;
import org.handshaker.core.StoreKey;
import org.handshaker.core.Unusable;
import org.handshaker.support.Await;
import org.handshaker.support.Program;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code handshaker rekey} as it is run, and killed by strace at each of its writes to the disk. */
class RekeyTest {
    @TempDir
    private Path home;

    @Test
    void killedAtAnyWriteItLeavesAKeyThatOpensTheStore() throws Exception {
        Path data = home.resolve("data");
        Path keyFile = home.resolve("key");
        KeyFile.createIfAbsent(keyFile);
        byte[] mark = mark(data, keyFile);
        Files.createFile(data.resolve("handshaker.db"));
        int kills = 0;
        boolean isDone = false;
        for (String call : List.of("pwrite64", "fsync")) {
            isDone = false;
            for (int nth = 1; nth <= 20 && !isDone; nth++) {
                byte[] before = KeyFile.read(keyFile);
                int status = rekey(data, keyFile, call, nth);
                isDone = status == 0;
                kills += isDone ? 0 : 1;
                assertArrayEquals(mark, mark(data, keyFile), "killed at " + call + " " + nth);
                if (isDone) {
                    assertThrows(Unusable.class, () -> StoreKey.open(data, before));
                }
            }
            assertTrue(isDone, "it never got through");
        }
        assertTrue(kills >= 6, kills + " kills");
    }

    /** The first has let its key open the store and is about to write it down when the second comes. */
    @Test
    void ofTwoAtOnceTheSecondTakesNothingFromTheFirst() throws Exception {
        Path data = home.resolve("data");
        Path keyFile = home.resolve("key");
        KeyFile.createIfAbsent(keyFile);
        byte[] mark = mark(data, keyFile);
        Files.createFile(data.resolve("handshaker.db"));
        Path file = data.resolve(StoreKey.FILE);
        long before = Files.size(file);
        List<String> slow = List.of(
                "strace",
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-P",
                keyFile.toString(),
                "-e",
                "trace=pwrite64",
                "-e",
                "inject=pwrite64:delay_enter=5000000");
        try (Program first =
                Program.startIn(slow, home.resolve("said"), "rekey", "--data=" + data, "--key-file=" + keyFile)) {
            Await.until("the new key opens the store", 60, () -> file.toFile().length() > before);
            try {
                MasterKey.renew(data, keyFile);
            } catch (Unusable isBusy) {
                assertTrue(isBusy.sentence().contains("uses the file"), isBusy::sentence);
            }
            int status = first.awaitExit(60);
            assertArrayEquals(mark, mark(data, keyFile), "exit " + status);
            assertEquals(0, status);
        }
    }

    private static byte[] mark(Path data, Path keyFile) {
        return StoreKey.open(data, KeyFile.read(keyFile)).blind("mark");
    }

    /** One is about to write the new key when another comes: what that one goes on with must still be in the file. */
    @Test
    void ofTwoWhoMakeOneKeyFileAtOnceBothHaveTheSameKey() throws Exception {
        Path keyFile = home.resolve("key");
        Path part = home.resolve("key.part");
        List<String> slow = List.of(
                "strace",
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-P",
                part.toString(),
                "-e",
                "trace=write",
                "-e",
                "inject=write:delay_enter=5000000");
        try (Program first = Program.startIn(
                slow,
                home.resolve("said"),
                "serve",
                "--tor=none",
                "--listen=127.0.0.1:0",
                "--data=" + home.resolve("data"),
                "--key-file=" + keyFile)) {
            Await.until("the key is about to be written", 60, () -> Files.exists(part));
            KeyFile.createIfAbsent(keyFile);
            byte[] mine = KeyFile.read(keyFile);
            first.awaitLine("ready", 60);
            assertArrayEquals(mine, KeyFile.read(keyFile));
        }
    }

    private int rekey(Path data, Path keyFile, String call, int nth) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "strace",
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-P",
                keyFile.toString(),
                "-P",
                data.resolve(StoreKey.FILE).toString(),
                "-e",
                "trace=" + call,
                "-e",
                "inject=" + call + ":signal=KILL:when=" + nth,
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                "org.handshaker.Main",
                "rekey",
                "--data",
                data.toString(),
                "--key-file",
                keyFile.toString()));
        Path said = home.resolve("said");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it hangs");
        int status = process.exitValue();
        String words = Files.readString(said);
        assertEquals(status == 0, words.startsWith("There is a new master key"), words);
        return status;
    }
}
