// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.handshaker.support.Together;
import org.handshaker.web.Json;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A relay that takes new users by invite only: the operator invites the first, they invite others. */
@NullUnmarked
class RegistrationByInviteTest {
    private static final int GUESTS = 12;

    @TempDir
    Path directory;

    @Test
    void onlyWhoIsInvitedGetsInAndEachUseCountsOnce() throws Exception {
        TestRelay.startIn(directory, InstantSource.system()).stop();
        String first = operatorsInvite();
        try (TestRelay relay = TestRelay.startIn(directory, InstantSource.system(), "--registration=invite")) {
            RawHttp http = new RawHttp(relay.address());
            register(http, "nobody", null).assertRefused(403, "invite_required");
            register(http, "nobody", "A".repeat(43)).assertRefused(403, "invite_required");
            RawHttp.Answer alice = register(http, "alice", first);
            assertEquals(201, alice.status());
            register(http, "again", first).assertRefused(403, "invite_required");

            String token = String.valueOf(Json.map(alice.body().strip()).get("access_token"));
            RawHttp.Answer made = http.request("POST", "/invites")
                    .token(token)
                    .json("{\"kind\":\"register\",\"uses\":3,\"expires_in\":600}")
                    .send();
            String invite = String.valueOf(Json.map(made.body().strip()).get("invite"));
            register(http, "alice", invite).assertRefused(409, "username_taken");
            Callable<?>[] guests = IntStream.range(0, GUESTS)
                    .mapToObj(i -> (Callable<Integer>)
                            () -> register(http, "guest" + i, invite).status())
                    .toArray(Callable<?>[]::new);
            List<Object> statuses = Together.run(guests);
            assertEquals(3, Collections.frequency(statuses, 201));
            assertEquals(GUESTS - 3, Collections.frequency(statuses, 403));
            RawHttp.Answer left = http.request("GET", "/invites").token(token).send();
            assertTrue(left.body().contains("{\"invites\":[]}"), left.body());
        }
    }

    private String operatorsInvite() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        String data = "--data=" + directory.resolve("data");
        String key = "--key-file=" + directory.resolve("key");
        assertEquals(
                2,
                Main.run(
                        new String[] {"invite", data, key, "--uses=101"},
                        InputStream.nullInputStream(),
                        stream,
                        stream));
        out.reset();
        assertEquals(0, Main.run(new String[] {"invite", data, key}, InputStream.nullInputStream(), stream, stream));
        return out.toString(StandardCharsets.UTF_8).strip();
    }

    private static RawHttp.Answer register(RawHttp http, String name, String invite) {
        Map<String, String> body = invite == null
                ? Map.of("username", name, "password", RawHttp.PASSWORD)
                : Map.of("username", name, "password", RawHttp.PASSWORD, "invite", invite);
        return http.request("POST", "/auth/register").json(Json.text(body)).send();
    }
}
