// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.handshaker.core.KeyFile;
import org.handshaker.core.SealKey;
import org.handshaker.core.StoreKey;
import org.handshaker.core.Vault;
import org.handshaker.support.Await;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.handshaker.support.TestTime;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody has copied the data directory before an event ran out and takes everything after: the disk, the master key, and the
 * relay's own code. What has run out an hour ago opens for nobody, and what waits opens, so the attack is a real one.
 */
class SeizedBodiesTest {
    private static final int HOURS_TRIED = 24 * 31;

    @TempDir
    private Path home;

    private final TestTime time = new TestTime();

    /** @param bound what it may be bound to: any user of the store could be its owner */
    private record Body(Instant expiresAt, byte[] sealed, List<byte[]> bound) {}

    @Test
    void whatRanOutAnHourAgoOpensFromNoCopyWithTheKeyInHand() throws IOException {
        try (TestRelay relay = TestRelay.startIn(home, time, "--linger=0s")) {
            RawHttp http = new RawHttp(relay.address());
            String ann = http.signUp("ann");
            String ben = http.signUp("ben");
            send(http, ann, "/connections/request", "{\"to_user\":\"@ben\"}");
            send(http, ben, "/connections/request", "{\"to_user\":\"@ann\"}");
            send(http, ann, "/events", "{\"to_user\":\"@ben\",\"kind\":\"message\",\"payload\":\"short\",\"ttl\":60}");
            send(http, ann, "/events", "{\"to_user\":\"@ben\",\"kind\":\"message\",\"payload\":\"long\"}");
            Path before = copy("before");
            byte[] link = Files.readAllBytes(home.resolve("key.ratchet"));

            // The minute, and the hour in which it ended.
            time.advance(Duration.ofMinutes(61));
            Await.until("the hour is forgotten", 30, () -> !Arrays.equals(link, bytes(home.resolve("key.ratchet"))));
            Path after = copy("after");

            // The master key opens the vault, and with it names and connections; and then, of the events:
            Vault vault = StoreKey.open(after, KeyFile.read(home.resolve("key")));
            for (Path copy : List.of(before, after)) {
                List<Body> bodies = bodies(copy);
                assertTrue(bodies.size() >= 2, "the rows are still there: the attack has something to open");
                List<String> opened = bodies.stream()
                        .filter(body -> isOpened(vault, body))
                        .map(body -> body.expiresAt.isAfter(time.instant()) ? "waits" : "ran out")
                        .distinct()
                        .toList();
                assertEquals(List.of("waits"), opened, copy::toString);
            }
            // With the link of before, which lies in no copy of the directory, it would have opened: the link is what
            // counts.
            Files.write(home.resolve("key.ratchet.old"), link);
            assertEquals(
                    bodies(before).size(),
                    bodies(before).stream()
                            .filter(body -> isOpened(vault, body, home.resolve("key.ratchet.old")))
                            .count());
            assertThrows(
                    org.handshaker.core.Unusable.class,
                    () -> StoreKey.open(after, new byte[32]),
                    "and without the master key not even the store opens");
        }
    }

    private boolean isOpened(Vault vault, Body body) {
        try {
            // A copy, because the relay that runs has the file to itself.
            Path taken = home.resolve("taken");
            Files.write(taken, Files.readAllBytes(home.resolve("key.ratchet")));
            return isOpened(vault, body, taken);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Tries the vault, and every key that can be made from the link. */
    private static boolean isOpened(Vault vault, Body body, Path chain) {
        try (ChainFile file = ChainFile.open(vault, chain)) {
            ChainFile.Link link = Objects.requireNonNull(file.read());
            HourKeys keys = new HourKeys(link.hour(), link.chain());
            for (byte[] bound : body.bound) {
                for (long hour = link.hour(); hour < link.hour() + HOURS_TRIED; hour++) {
                    SealKey key = Objects.requireNonNull(keys.key(hour));
                    if (opens(key, body, bound)) {
                        return true;
                    }
                }
            }
            return false;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static boolean opens(SealKey key, Body body, byte[] bound) {
        try {
            return key.open(body.sealed, bound).length > 0;
        } catch (SealKey.Foreign foreign) {
            return false;
        }
    }

    private static void send(RawHttp http, String token, String target, String json) {
        RawHttp.Answer answer =
                http.request("POST", target).token(token).json(json).sendUnchecked();
        assertTrue(answer.status() < 300, answer.body());
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private Path copy(String name) throws IOException {
        Path copy = Files.createDirectories(home.resolve(name));
        for (String file : List.of("handshaker.db", "handshaker.db-wal", StoreKey.FILE)) {
            Files.write(
                    copy.resolve(file), Files.readAllBytes(home.resolve("data").resolve(file)));
        }
        return copy;
    }

    private static List<Body> bodies(Path copy) {
        try (Handle handle =
                Jdbi.create("jdbc:sqlite:" + copy.resolve("handshaker.db")).open()) {
            List<byte[]> users = handle.createQuery("SELECT id FROM users")
                    .mapTo(byte[].class)
                    .list();
            return handle.createQuery("SELECT seq, expires_at, body FROM events")
                    .map((row, context) -> {
                        byte[] seq = ByteBuffer.allocate(Long.BYTES)
                                .putLong(row.getLong("seq"))
                                .array();
                        return new Body(
                                Instant.ofEpochSecond(row.getLong("expires_at")),
                                row.getBytes("body"),
                                users.stream()
                                        .map(user -> Vault.lengthPrefixed("event.body", user, seq))
                                        .toList());
                    })
                    .list();
        }
    }
}
