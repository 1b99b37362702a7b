// SPDX-License-Identifier: MIT
package org.handshaker.core;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Base64;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "a", "mJ3zQ_8eWm-1kTzzY0aabb", "\u00e9\u20ac\ud83e\udd86"})
    void isWhatItIsMadeOf(String text) {
        try (Secret secret = Secret.of(text.toCharArray())) {
            assertEquals(text, new String(secret.chars()));
            assertArrayEquals(text.getBytes(UTF_8), secret.lend(byte[]::clone));
            assertArrayEquals(Secrets.sha256(text), secret.sha256());
            assertEquals(secret, Secret.of(text.toCharArray()));
            assertNotEquals(secret, Secret.of((text + "x").toCharArray()));
        }
    }

    @Test
    void halfASurrogatePairIsNoErrorOfOurs() {
        assertEquals("?x", new String(Secret.of("\ud83ex".toCharArray()).chars()));
    }

    @Test
    void isWipedInPlaceAndSoAreTheBytesItIsMadeOf() {
        byte[] bytes = {1, 2, 3};
        Secret secret = Secret.base64Url(bytes);
        assertArrayEquals(new byte[3], bytes);
        byte[] held = secret.lend(own -> own);
        assertEquals("AQID", new String(held, UTF_8));
        secret.close();
        assertArrayEquals(new byte[4], held);
    }

    @Test
    void aRandomOneHas256BitsAndIsReadAgain() {
        Secret secret = Secret.random();
        assertEquals(43, secret.length());
        assertEquals(32, secret.decoded().orElseThrow().length);
        assertNotEquals(secret, Secret.random());
        assertEquals(Optional.empty(), Secret.of("!".toCharArray()).decoded());
        assertTrue(Base64.getUrlDecoder().decode(new String(secret.chars())).length == 32);
    }
}
