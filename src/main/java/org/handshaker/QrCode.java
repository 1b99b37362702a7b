// SPDX-License-Identifier: MIT
package org.handshaker;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.handshaker.core.Unusable;

/**
 * A text of up to 134 bytes as a QR code (ISO/IEC 18004: byte mode, level L, versions 1 to 6) for an operator's terminal: an
 * onion's address, or with a client's key. Versions above 6 would need further tables and are left out on purpose.
 */
final class QrCode {
    /** Per version: data bytes, error-correction bytes of a block, blocks (all of one size up to version 6). */
    private static final int[][] VERSIONS = {
        {19, 7, 1}, {34, 10, 1}, {55, 15, 1}, {80, 20, 1}, {108, 26, 1}, {136, 18, 2}
    };

    private static final int QUIET = 4;
    private static final int MASKS = 8;
    private static final int LEVEL_L = 0b01_000;
    private static final int FORMAT_MASK = 0b101010000010010;
    private static final int FORMAT_GENERATOR = 0b10100110111;
    private static final int FIELD_POLYNOMIAL = 0x11D;
    private static final String BLACK_ON_WHITE = "\u001b[30;47m";
    private static final String AS_BEFORE = "\u001b[0m";

    private final int size;
    private final boolean[][] dark;
    /** Modules that carry no data and take no mask. */
    private final boolean[][] fixed;

    private QrCode(int version) {
        this.size = 17 + 4 * version;
        this.dark = new boolean[size][size];
        this.fixed = new boolean[size][size];
    }

    static QrCode of(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int version = 1;
        // Four bits of mode and eight of length go before, in a byte and a half.
        while (version <= VERSIONS.length && bytes.length + 2 > VERSIONS[version - 1][0]) {
            version++;
        }
        if (version > VERSIONS.length) {
            throw new Unusable("This is too long for a QR code that a terminal can show.");
        }
        byte[] codewords = codewords(bytes, VERSIONS[version - 1]);
        QrCode best = drawn(version, codewords, 0);
        for (int mask = 1; mask < MASKS; mask++) {
            QrCode next = drawn(version, codewords, mask);
            best = next.blotches() < best.blotches() ? next : best;
        }
        return best;
    }

    /** Whether a module is dark; the quiet zone around it, where indices leave the code, is light. */
    boolean isDark(int x, int y) {
        return x >= 0 && y >= 0 && x < size && y < size && dark[y][x];
    }

    int size() {
        return size;
    }

    /** Two rows of modules to a line, black on white whatever the terminal's colours are. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (int y = -QUIET; y < size + QUIET; y += 2) {
            StringBuilder line = new StringBuilder(BLACK_ON_WHITE);
            for (int x = -QUIET; x < size + QUIET; x++) {
                boolean lower = isDark(x, y + 1);
                line.append(isDark(x, y) ? lower ? '█' : '▀' : lower ? '▄' : ' ');
            }
            lines.add(line.append(AS_BEFORE).toString());
        }
        return lines;
    }

    private static byte[] codewords(byte[] bytes, int[] version) {
        byte[] data = new byte[version[0]];
        // 0100 LLLLLLLL, then the bytes, all shifted by half a byte; the terminator is the four zero bits after them.
        data[0] = (byte) (0x40 | bytes.length >> 4);
        data[1] = (byte) (bytes.length << 4);
        for (int i = 0; i < bytes.length; i++) {
            data[i + 1] |= (byte) ((bytes[i] & 0xF0) >> 4);
            data[i + 2] = (byte) (bytes[i] << 4);
        }
        for (int i = bytes.length + 2, pad = 0xEC; i < data.length; i++, pad ^= 0xEC ^ 0x11) {
            data[i] = (byte) pad;
        }
        int blocks = version[2];
        int blockBytes = data.length / blocks;
        byte[] all = new byte[data.length + blocks * version[1]];
        for (int block = 0; block < blocks; block++) {
            byte[] correction = correction(data, block * blockBytes, blockBytes, version[1]);
            for (int i = 0; i < blockBytes; i++) {
                all[i * blocks + block] = data[block * blockBytes + i];
            }
            for (int i = 0; i < correction.length; i++) {
                all[data.length + i * blocks + block] = correction[i];
            }
        }
        return all;
    }

    /** The remainder of the block as a polynomial, divided by (x - 1)(x - 2)(x - 4)… in GF(256). */
    private static byte[] correction(byte[] data, int from, int length, int count) {
        int[] generator = new int[count];
        generator[count - 1] = 1;
        int root = 1;
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < count; j++) {
                generator[j] = times(generator[j], root) ^ (j + 1 < count ? generator[j + 1] : 0);
            }
            root = times(root, 2);
        }
        byte[] rest = new byte[count];
        for (int i = from; i < from + length; i++) {
            int factor = (data[i] ^ rest[0]) & 0xFF;
            System.arraycopy(rest, 1, rest, 0, count - 1);
            rest[count - 1] = 0;
            for (int j = 0; j < count; j++) {
                rest[j] ^= (byte) times(generator[j], factor);
            }
        }
        return rest;
    }

    private static int times(int a, int b) {
        int product = 0;
        for (int bit = 7; bit >= 0; bit--) {
            product = product << 1 ^ (product >> 7) * FIELD_POLYNOMIAL;
            product ^= (b >> bit & 1) * a;
        }
        return product;
    }

    private static QrCode drawn(int version, byte[] codewords, int mask) {
        QrCode code = new QrCode(version);
        code.drawPatterns(version);
        code.drawFormat(mask);
        code.drawData(codewords, mask);
        return code;
    }

    private void drawPatterns(int version) {
        for (int i = 0; i < size; i++) {
            set(6, i, i % 2 == 0);
            set(i, 6, i % 2 == 0);
        }
        drawRings(3, 3, 4);
        drawRings(size - 4, 3, 4);
        drawRings(3, size - 4, 4);
        if (version > 1) {
            drawRings(size - 7, size - 7, 2);
        }
    }

    /** A finder (up to ring 4, its light border) or an alignment pattern (up to ring 2) around its centre. */
    private void drawRings(int x, int y, int radius) {
        for (int dy = -radius; dy <= radius; dy++) {
            for (int dx = -radius; dx <= radius; dx++) {
                int ring = Math.max(Math.abs(dx), Math.abs(dy));
                if (x + dx >= 0 && x + dx < size && y + dy >= 0 && y + dy < size) {
                    set(x + dx, y + dy, radius == 2 ? ring != 1 : ring != 2 && ring != 4);
                }
            }
        }
    }

    private void drawFormat(int mask) {
        int data = LEVEL_L | mask;
        int rest = data;
        for (int i = 0; i < 10; i++) {
            rest = rest << 1 ^ (rest >> 9) * FORMAT_GENERATOR;
        }
        int bits = (data << 10 | rest) ^ FORMAT_MASK;
        for (int i = 0; i < 15; i++) {
            boolean bit = (bits >> i & 1) == 1;
            // Once around the upper left finder, past the timing patterns; once along the other two.
            set(i < 8 ? 8 : i == 8 ? 7 : 14 - i, i < 6 ? i : i < 8 ? i + 1 : 8, bit);
            set(i < 8 ? size - 1 - i : 8, i < 8 ? 8 : size - 15 + i, bit);
        }
        set(8, size - 8, true);
    }

    /** Two columns at a time from the right, upwards and downwards in turn, past the timing column. */
    private void drawData(byte[] codewords, int mask) {
        int bit = 0;
        for (int right = size - 1; right >= 1; right -= right == 8 ? 3 : 2) {
            for (int step = 0; step < size; step++) {
                boolean isUpward = ((right + 1) & 2) == 0;
                int y = isUpward ? size - 1 - step : step;
                for (int x = right; x > right - 2; x--) {
                    if (!fixed[y][x]) {
                        boolean one = bit < codewords.length * 8 && (codewords[bit >> 3] >> (7 - (bit & 7)) & 1) == 1;
                        dark[y][x] = one ^ isMasked(mask, x, y);
                        bit++;
                    }
                }
            }
        }
    }

    private static boolean isMasked(int mask, int x, int y) {
        return switch (mask) {
            case 0 -> (x + y) % 2 == 0;
            case 1 -> y % 2 == 0;
            case 2 -> x % 3 == 0;
            case 3 -> (x + y) % 3 == 0;
            case 4 -> (x / 3 + y / 2) % 2 == 0;
            case 5 -> x * y % 2 + x * y % 3 == 0;
            case 6 -> (x * y % 2 + x * y % 3) % 2 == 0;
            default -> ((x + y) % 2 + x * y % 3) % 2 == 0;
        };
    }

    /** What makes a code hard to read: squares of one colour. Any mask is correct; this picks a good one. */
    private int blotches() {
        int count = 0;
        for (int y = 1; y < size; y++) {
            for (int x = 1; x < size; x++) {
                boolean here = dark[y][x];
                count += here == dark[y - 1][x] && here == dark[y][x - 1] && here == dark[y - 1][x - 1] ? 1 : 0;
            }
        }
        return count;
    }

    private void set(int x, int y, boolean isDark) {
        dark[y][x] = isDark;
        fixed[y][x] = true;
    }
}
