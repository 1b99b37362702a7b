// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Set;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secrets;
import org.handshaker.core.Vault;
import org.handshaker.support.TestTime;
import org.handshaker.web.Json;
import org.junit.jupiter.api.Test;

final class TokensTest {
    private final TestTime time = new TestTime();
    private final Vault vault = new Vault(new byte[32]);
    private final Tokens tokens = new Tokens(vault, Duration.ofMinutes(5), time);
    private final Caller caller = new Caller(Id.random(), Id.random());

    @Test
    void readsItsOwn() {
        assertEquals(caller, tokens.read(tokens.issue(caller, time.instant())));
    }

    @Test
    void tellsNothingElseAboutThePerson() {
        String[] parts = tokens.issue(caller, time.instant()).split("\\.", -1);
        assertEquals(Set.of("kid", "alg"), Json.map(decode(parts[0])).keySet());
        assertEquals(
                Set.of("sub", "sid", "iat", "exp"), Json.map(decode(parts[1])).keySet());
    }

    @Test
    void refusesAnExpiredOne() {
        String token = tokens.issue(caller, time.instant());
        time.advance(Duration.ofSeconds(299));
        tokens.read(token);
        time.advance(Duration.ofSeconds(1));
        refuses(token);
    }

    @Test
    void refusesAnotherRelays() {
        Tokens other = new Tokens(new Vault(Secrets.randomBytes(32)), Duration.ofMinutes(5), time);
        refuses(other.issue(caller, time.instant()));
    }

    @Test
    void refusesOneThatIsNotSigned() {
        String[] parts = tokens.issue(caller, time.instant()).split("\\.", -1);
        for (String algorithm : new String[] {"none", "None", "NONE", "nOnE"}) {
            String header = encode("{\"kid\":\"1\",\"alg\":\"" + algorithm + "\"}");
            refuses(header + "." + parts[1] + ".");
            refuses(header + "." + parts[1] + "." + parts[2]);
        }
        refuses(parts[0] + "." + parts[1] + ".");
    }

    @Test
    void refusesAnotherAlgorithmOrKeyIdUnderTheRightKey() {
        String payload = tokens.issue(caller, time.instant()).split("\\.", -1)[1];
        byte[] key = vault.derive("jwt 1");
        assertEquals(caller, tokens.read(sign("{\"kid\":\"1\",\"alg\":\"HS256\"}", payload, key)));
        refuses(sign("{\"kid\":\"1\",\"alg\":\"HS512\"}", payload, key));
        refuses(sign("{\"kid\":\"1\",\"alg\":\"RS256\"}", payload, key));
        refuses(sign("{\"kid\":\"2\",\"alg\":\"HS256\"}", payload, key));
        refuses(sign("{\"alg\":\"HS256\"}", payload, key));
        refuses(sign("{\"kid\":\"1\",\"alg\":\"HS256\",\"crit\":[\"x\"],\"x\":1}", payload, key));
        refuses(sign("{\"kid\":\"1\",\"alg\":\"HS256\"}", encode("{\"sub\":\"x\",\"sid\":\"y\"}"), key));
        refuses(sign("{\"kid\":\"1\",\"alg\":\"HS256\"}", encode("{\"sub\":1,\"sid\":{},\"exp\":9999999999}"), key));
    }

    @Test
    void refusesAKeyThatSomeoneMightGuess() {
        String[] parts = tokens.issue(caller, time.instant()).split("\\.", -1);
        for (String guess : new String[] {"secret", "changeme", "your-secret-key", "handshaker", ""}) {
            byte[] key = Arrays.copyOf(guess.getBytes(StandardCharsets.UTF_8), 32);
            assertNotEquals(sign(decode(parts[0]), parts[1], key), String.join(".", parts));
            refuses(sign(decode(parts[0]), parts[1], key));
        }
    }

    @Test
    void refusesGarbage() {
        for (String garbage : new String[] {"", ".", "..", "a.b.c", "x".repeat(100_000), "\u0000", "Bearer x"}) {
            refuses(garbage);
        }
    }

    private void refuses(String token) {
        Refused refused = assertThrows(Refused.class, () -> tokens.read(token));
        assertEquals(Reason.NOT_SIGNED_IN, refused.reason());
    }

    private static String sign(String header, String payload, byte[] key) {
        String signed = encode(header) + "." + payload;
        return signed + "." + Secrets.base64Url(Vault.hmac(key, signed.getBytes(StandardCharsets.UTF_8)));
    }

    private static String encode(String json) {
        return Secrets.base64Url(json.getBytes(StandardCharsets.UTF_8));
    }

    private static String decode(String part) {
        return new String(Base64.getUrlDecoder().decode(part), StandardCharsets.UTF_8);
    }
}
