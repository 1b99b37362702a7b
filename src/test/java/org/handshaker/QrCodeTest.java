// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.handshaker.core.Unusable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Read back by a program that is not ours. */
final class QrCodeTest {
    private static final Path READER = Path.of("/usr/bin/zbarimg");
    private static final int SCALE = 4;
    private static final int QUIET = 4;

    @TempDir
    Path directory;

    /** One length on both sides of each version's bound, and the two that we use. */
    @ParameterizedTest
    @ValueSource(ints = {1, 17, 18, 32, 33, 53, 54, 69, 78, 79, 106, 107, 127, 134})
    void isReadBackByAnotherProgram(int length) throws Exception {
        assumeTrue(Files.isExecutable(READER), "an independent reader is needed: install zbar-tools");
        String address = "http://duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion";
        String text = (address + ":descriptor:x25519:" + "QUQPACMJGCTVI5ELPXOLIPXXLIG36OQNEY4BV5HLUSUY5KU3JZVA")
                .repeat(2)
                .substring(0, length);
        assertEquals(text, read(QrCode.of(text)));
    }

    @Test
    void refusesWhatIsTooLong() {
        assertThrows(Unusable.class, () -> QrCode.of("x".repeat(135)));
    }

    @Test
    void isDrawnBlackOnWhiteWithAQuietZone() {
        QrCode code = QrCode.of("http://a.onion");
        assertEquals((code.size() + 2 * QUIET + 1) / 2, code.lines().size());
        for (String line : code.lines()) {
            assertTrue(line.matches("\u001b\\[30;47m {4}[ ▀▄█]{" + code.size() + "} {4}\u001b\\[0m"), line);
        }
    }

    private String read(QrCode code) throws IOException, InterruptedException {
        int side = (code.size() + 2 * QUIET) * SCALE;
        byte[] pixels = new byte[side * side];
        for (int i = 0; i < pixels.length; i++) {
            boolean isDark = code.isDark(i % side / SCALE - QUIET, i / side / SCALE - QUIET);
            pixels[i] = (byte) (isDark ? 0 : 255);
        }
        Path image = directory.resolve("code.pgm");
        Files.write(image, ("P5 " + side + " " + side + " 255\n").getBytes(StandardCharsets.US_ASCII));
        Files.write(image, pixels, java.nio.file.StandardOpenOption.APPEND);
        Process reader = new ProcessBuilder(READER.toString(), "--raw", "-q", image.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String text = new String(reader.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(reader.waitFor(20, TimeUnit.SECONDS));
        return text.strip();
    }
}
