// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PaddingTest {
    @ParameterizedTest
    @CsvSource({
        "0, 512",
        "1, 512",
        "512, 512",
        "513, 2048",
        "2048, 2048",
        "2049, 8192",
        "8193, 32768",
        "32769, 98304",
        "98304, 98304",
        "98305, 196608",
        "196608, 196608",
        "196609, 294912",
        "400000, 491520"
    })
    void hasFiveSizesAndThenMultiplesOfTheLargest(int length, int sent) {
        assertEquals(sent, Padding.bucket(length));
        assertEquals(sent, Padding.pad(new byte[length], 0).length);
        assertEquals(sent, Padding.pad(new byte[length]).length);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "\u0000", "\u007f", "\u0080", "\u07ff", "\u0800", "\uffff", "\ud83e\udd86"})
    void aFrameIsMeasuredAsItsUtf8(String character) {
        for (int count : new int[] {1, 127, 128, 129, 170, 171, 255, 256, 257, 511, 512, 513, 30_000}) {
            String frame = character.repeat(count);
            byte[] padded = Padding.pad(frame.getBytes(UTF_8));
            assertEquals(Padding.bucket(frame.getBytes(UTF_8).length), padded.length);
            assertEquals(frame, new String(padded, UTF_8).substring(0, frame.length()));
        }
    }

    @Test
    void onlySpacesAreAddedAndOnlyAtTheEnd() {
        String padded = new String(Padding.pad("{\"a\":1}".getBytes(UTF_8), 0), UTF_8);
        assertEquals("{\"a\":1}" + " ".repeat(505), padded);
    }

    @Test
    void anEmptyAnswerCanBeAsLongAsAShortOne() {
        assertEquals(2_048, Padding.pad(new byte[10], 2_048).length);
        assertEquals(2_048, Padding.pad(new byte[10], 513).length);
        assertEquals(8_192, Padding.pad(new byte[2_049], 2_048).length);
    }
}
