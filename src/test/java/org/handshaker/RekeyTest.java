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
import org.handshaker.core.StoreKey;
import org.handshaker.core.Unusable;
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

    private static byte[] mark(Path data, Path keyFile) {
        return StoreKey.open(data, KeyFile.read(keyFile)).blind("mark");
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
