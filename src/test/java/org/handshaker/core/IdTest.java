// SPDX-License-Identifier: MIT
package org.handshaker.core;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdTest {
    @Test
    void isItsBytesAndItsText() {
        for (int i = 0; i < 1_000; i++) {
            byte[] bytes = Secrets.randomBytes(Id.BYTES);
            Id id = Id.of(bytes);
            assertArrayEquals(bytes, id.bytes());
            assertEquals(Secrets.base64Url(bytes), id.text());
            assertEquals(id, Id.parse(id.text()));
            assertEquals(id.hashCode(), Id.parse(id.text()).hashCode());
            assertEquals(id, Id.ofFirst(Arrays.copyOf(bytes, 32)));
            int bit = i % (8 * Id.BYTES);
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            assertNotEquals(id, Id.of(bytes));
            assertEquals(
                    Integer.signum(Arrays.compareUnsigned(id.bytes(), bytes)),
                    Integer.signum(id.compareTo(Id.of(bytes))));
        }
        assertThrows(IllegalArgumentException.class, () -> Id.of(new byte[15]));
        assertThrows(IllegalArgumentException.class, () -> Id.of(new byte[17]));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "AAAAAAAAAAAAAAAAAAAAA",
                "AAAAAAAAAAAAAAAAAAAAAAA",
                "AAAAAAAAAAAAAAAAAAAAAB",
                "AAAAAAAAAAAAAAAAAAAA==",
                "AAAAAAAAAAAAAAAAAAAAA+",
                "AAAAAAAAAAAAAAAAAAAAA\u00e4"
            })
    void hasOneSpelling(String text) {
        assertRefused(Reason.NOT_FOUND, () -> Id.parse(text));
    }
}
