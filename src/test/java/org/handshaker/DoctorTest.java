// SPDX-License-Identifier: MIT
package org.handshaker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import org.handshaker.support.OnionRelay;
import org.handshaker.support.TorNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The doctor at a relay that runs, and at one that has just ended. */
@Tag("tor")
@ExtendWith(TorNetwork.Shared.class)
final class DoctorTest {
    @TempDir
    Path directory;

    @Test
    void goesToTheRelayThroughTor(TorNetwork network) throws IOException {
        try (OnionRelay relay = OnionRelay.start(directory, network, "--self-probe=0s")) {
            String said = examine(0);
            assertTrue(said.contains("ok   tor: tor is there and knows proof of work"), said);
            assertTrue(said.contains("ok   from outside: the relay answers through Tor after "), said);
        }
        assertTrue(examine(0).contains("??   from outside: no SOCKS port to go by; start the relay"));
    }

    private String examine(int status) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(out, true, UTF_8);
        String[] words = {"doctor", "--data=" + directory.resolve("data"), "--key-file=" + directory.resolve("key")};
        assertEquals(status, Main.run(words, InputStream.nullInputStream(), stream, stream), () -> out.toString(UTF_8));
        return out.toString(UTF_8);
    }
}
