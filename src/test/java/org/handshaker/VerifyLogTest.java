// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import org.handshaker.store.Database;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.handshaker.web.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real relay's key log, kept by a client and looked at in the store, before and after somebody changed it. */
class VerifyLogTest {

    @TempDir
    Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private int run(String... args) {
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        return Main.run(args, InputStream.nullInputStream(), stream, stream);
    }

    private int inspect() {
        return run("verify-log", "--data=" + directory.resolve("data"), "--key-file=" + directory.resolve("key"));
    }

    @Test
    void tellsAWholeLogFromOneThatWasChanged() throws Exception {
        String first;
        try (TestRelay relay = TestRelay.startIn(directory, InstantSource.system())) {
            RawHttp http = new RawHttp(relay.address());
            String alice = http.signUp("alice");
            http.request("PUT", "/users/me/prekeys")
                    .token(alice)
                    .json("{\"identity_key\":\"aWRlbnRpdHk\",\"signed_prekey\":{\"key_id\":1,\"key\":\"c3Br\","
                            + "\"signature\":\"c2ln\"},\"one_time_prekeys\":[]}")
                    .send();
            first = http.request("GET", "/users/@alice/key-log")
                    .token(alice)
                    .send()
                    .body();
            assertTrue(first.contains("\"position\":1"), first);
            relay.stop();
            Path kept = Files.writeString(directory.resolve("log.json"), first);
            assertEquals(0, run("verify-log", kept.toString()));
            String head = String.valueOf(Json.map(first.strip()).get("head"));
            assertEquals(0, run("verify-log", kept.toString(), "--head=" + head));
            assertEquals(1, run("verify-log", kept.toString(), "--head=" + "1".repeat(64)));
            Files.writeString(kept, first.replace("identity", "pgp"));
            assertEquals(1, run("verify-log", kept.toString()));
            Files.writeString(kept, "{}");
            assertEquals(1, run("verify-log", kept.toString()));
            assertEquals(2, run("verify-log", directory.resolve("nowhere").toString()));
            assertEquals(0, inspect(), this::said);
            try (Database database = Database.open(directory.resolve("data"))) {
                int changed = database.write(handle -> handle.execute("DELETE FROM key_log"));
                assertEquals(1, changed);
            }
            assertEquals(1, inspect());
            assertTrue(said().contains("broken: 1 of 1 logs"), said());
        }
    }

    private String said() {
        return out.toString(StandardCharsets.UTF_8);
    }
}
