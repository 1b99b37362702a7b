// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.handshaker.core.Unusable;
import org.handshaker.signaling.IceServers.IceServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TurnCredentialsTest {
    private static final byte[] SECRET = "0123456789abcdefXYZ".getBytes(StandardCharsets.US_ASCII);
    private static final String URL = "turn:abcdefghijklmnop.onion:3478?transport=tcp";
    private static final Instant NOW = Instant.parse("2026-11-21T08:00:00Z");

    private final TurnCredentials turn = TurnCredentials.of(List.of(URL), List.of(), SECRET);

    @Test
    void theUsernameSaysWhenItEndsAndNothingElse() {
        String username = String.valueOf(only(turn.issue(NOW)).username());
        String[] parts = username.split(":", -1);

        assertEquals(2, parts.length);
        assertEquals(NOW.plusSeconds(600).getEpochSecond(), Long.parseLong(parts[0]));
        assertTrue(parts[1].matches("[A-Za-z0-9_-]{22}"), parts[1]);
    }

    @Test
    void thePasswordIsWhatCoturnWillCompute() throws Exception {
        IceServer server = only(turn.issue(NOW));
        Mac mac = Mac.getInstance("HmacSHA1");
        mac.init(new SecretKeySpec(SECRET, "HmacSHA1"));
        byte[] expected = mac.doFinal(String.valueOf(server.username()).getBytes(StandardCharsets.US_ASCII));

        assertEquals(Base64.getEncoder().encodeToString(expected), server.credential());
    }

    @Test
    void twoCallsShareNoString() {
        IceServer first = only(turn.issue(NOW));
        IceServer second = only(turn.issue(NOW));

        assertNotEquals(first.username(), second.username());
        assertNotEquals(first.credential(), second.credential());
    }

    @Test
    void answersRelayOnlyAndNoStun() {
        IceServers answer = turn.issue(NOW);

        assertEquals("relay", answer.iceTransportPolicy());
        assertEquals(600, answer.expiresIn());
        assertEquals(answer.iceServers(), answer.turnServers());
        assertEquals(List.of(URL), only(answer).urls());
        assertEquals(List.of(), answer.stunServers());
    }

    @Test
    void keepsStunApartWhereTheOperatorInsists() {
        IceServers answer = TurnCredentials.of(List.of(URL), List.of("stun:example.org:3478"), SECRET)
                .issue(NOW);

        assertEquals(1, answer.stunServers().size());
        assertEquals(
                List.of("stun:example.org:3478"), answer.stunServers().get(0).urls());
        assertNull(answer.stunServers().get(0).credential());
        assertEquals(List.of(URL), only(answer).urls());
    }

    @Test
    void answersEmptyListsWithoutTurn() {
        IceServers answer = TurnCredentials.none().issue(NOW);

        assertEquals(List.of(), answer.iceServers());
        assertEquals(List.of(), answer.turnServers());
        assertEquals(List.of(), answer.stunServers());
        assertEquals("relay", answer.iceTransportPolicy());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "turn:host:3478",
                "turn:host:3478?transport=udp",
                "http://host?transport=tcp",
                "stun:host:3478",
                "turn:?transport=tcp",
                "turn:user@host?transport=tcp",
                "turn:host?transport=tcp&x=y",
                ""
            })
    void refusesAUrlThatTorCannotCarry(String url) {
        assertThrows(Unusable.class, () -> TurnCredentials.of(List.of(url), List.of(), SECRET));
    }

    @ParameterizedTest
    @ValueSource(strings = {"turn:host?transport=tcp", "turns:host:443?transport=tcp", "turn:[::1]:3478?transport=tcp"})
    void takesTheOtherShapesOfATurnUrl(String url) {
        assertEquals(
                List.of(url),
                only(TurnCredentials.of(List.of(url), List.of(), SECRET).issue(NOW))
                        .urls());
    }

    @Test
    void readsTheSecretWithoutItsLineEnd(@TempDir Path directory) throws IOException {
        assertEquals("0123456789abcdef", read(directory, "0123456789abcdef\n", "rw-------"));
        assertEquals("0123456789abcdef", read(directory, "0123456789abcdef", "r--r-----"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "short\n",
                "two words are too many\n",
                "two-lines-of-this\nand-another-one\n",
                "umläute-sind-auch-falsch"
            })
    void refusesASecretThatCoturnWouldReadDifferently(String text, @TempDir Path directory) {
        assertThrows(Unusable.class, () -> read(directory, text, "rw-------"));
    }

    @Test
    void refusesASecretThatEveryoneCanRead(@TempDir Path directory) {
        assertThrows(Unusable.class, () -> read(directory, "0123456789abcdef\n", "rw-r--r--"));
    }

    @Test
    void refusesAMissingOrShortSecret(@TempDir Path directory) {
        assertThrows(Unusable.class, () -> TurnCredentials.readSecret(directory.resolve("none")));
        assertThrows(Unusable.class, () -> TurnCredentials.of(List.of(URL), List.of(), new byte[15]));
    }

    @Test
    void neverShowsTheSecretOrACredential() {
        IceServers answer = turn.issue(NOW);

        assertFalse(turn.toString().contains("0123456789abcdefXYZ"));
        assertFalse(answer.toString().contains(String.valueOf(only(answer).credential())));
    }

    private static String read(Path directory, String text, String permissions) throws IOException {
        Path file = directory.resolve("secret");
        Files.deleteIfExists(file);
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        return new String(TurnCredentials.readSecret(file), StandardCharsets.US_ASCII);
    }

    private static IceServer only(IceServers answer) {
        assertEquals(1, answer.iceServers().size());
        return answer.iceServers().get(0);
    }
}
