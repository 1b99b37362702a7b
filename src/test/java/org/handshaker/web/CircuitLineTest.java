// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.regex.Pattern;
import org.handshaker.web.CircuitLine.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CircuitLineTest {
    private static final String GOOD = "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\r\n";
    /** The same language as the parser's, said in another way. */
    private static final Pattern FORM = Pattern.compile("PROXY TCP6 fc00:dead:beef:4dad::"
            + "(0|[1-9a-f][0-9a-f]{0,3}):(0|[1-9a-f][0-9a-f]{0,3}) ::1 (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4})\r\n");

    @ParameterizedTest
    @CsvSource({
        "::0:66 ::1 102 80, 102",
        "::ffff:ffff ::1 65535 65535, -1",
        "::1:0 ::1 0 80, 65536",
        "::0:0 ::1 0 0, 0",
        "::7fff:ffff ::1 65535 42, 2147483647",
        "::abcd:ef0 ::1 3824 8080, -1412624656"
    })
    void readsTheCircuit(String rest, int circuit) {
        CircuitLine line = CircuitLine.parse(ascii("PROXY TCP6 fc00:dead:beef:4dad" + rest + "\r\n"));
        assertEquals(new CircuitLine(Verdict.COMPLETE, circuit), line);
    }

    @Test
    void leavesWhatFollowsTheLine() {
        ByteBuffer bytes = ascii(GOOD + "GET / HTTP/1.1\r\n");
        assertEquals(Verdict.COMPLETE, CircuitLine.parse(bytes).verdict());
        assertEquals(
                "GET / HTTP/1.1\r\n", StandardCharsets.US_ASCII.decode(bytes).toString());
    }

    @Test
    void waitsForTheRestWhereverTheLineIsCut() {
        for (int length = 0; length < GOOD.length(); length++) {
            ByteBuffer bytes = ascii(GOOD.substring(0, length));
            assertEquals(Verdict.INCOMPLETE, CircuitLine.parse(bytes).verdict(), "cut at " + length);
            assertEquals(length, bytes.remaining(), "nothing is taken of an unfinished line");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\n",
                "G",
                "\r\n",
                "\n",
                " PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\r\n",
                "proxy TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\r\n",
                "PROXY UNKNOWN\r\n",
                "PROXY UNKNOWN fc00:dead:beef:4dad::0:66 ::1 102 80\r\n",
                "PROXY TCP4 127.0.0.1 127.0.0.1 102 80\r\n",
                "PROXY TCP6 127.0.0.1 ::1 102 80\r\n",
                "PROXY tcp6 fc00:dead:beef:4dad::0:66 ::1 102 80\r\n",
                "PROXY  TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\r\n",
                "PROXY\tTCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\r\n",
                "PROXY TCP6 example.org ::1 102 80\r\n",
                "PROXY TCP6 ::1 ::1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::66 ::1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad:0:0:0:66 ::1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dae::0:66 ::1 102 80\r\n",
                "PROXY TCP6 FC00:DEAD:BEEF:4DAD::0:66 ::1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:6A ::1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:6g ::1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:066 ::1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::00:66 ::1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:10000 ::1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0: ::1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad:::66 ::1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66%lo ::1 102 80\r\n",
                "PROXY TCP6 [fc00:dead:beef:4dad::0:66] ::1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::2 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 127.0.0.1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 localhost 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 0:0:0:0:0:0:0:1 102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 65536 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 99999999999 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 -1 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 +1 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 0x1 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 0102 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 ff 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 \r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80 \r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80 80\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\r",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\rG",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\r\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:66 ::1 102 80\u0000\r\n",
                "PROXY TCP6 fc00:dead:beef:4dad::0:６６ ::1 102 80\r\n",
                "\r\n\r\n\u0000\r\nQUIT\n!\u0011\u0000\u000c",
            })
    void takesNothingElse(String hostile) {
        ByteBuffer bytes = ByteBuffer.wrap(hostile.getBytes(StandardCharsets.UTF_8));
        int size = bytes.remaining();
        CircuitLine line = CircuitLine.parse(bytes);
        boolean cutOffAtItsEnd = hostile.endsWith("80\r");
        assertEquals(cutOffAtItsEnd ? Verdict.INCOMPLETE : Verdict.MALFORMED, line.verdict());
        assertEquals(size, bytes.remaining());
    }

    @Test
    void knowsTenKilobytesOfAnythingAtOnce() {
        assertEquals(
                Verdict.MALFORMED, CircuitLine.parse(ascii("A".repeat(10_240))).verdict());
        assertEquals(
                Verdict.MALFORMED,
                CircuitLine.parse(ascii("PROXY TCP6 fc00:dead:beef:4dad::" + "0".repeat(10_240)))
                        .verdict());
    }

    @Test
    void neverNeedsMoreThanItsBound() {
        String longest = "PROXY TCP6 fc00:dead:beef:4dad::ffff:ffff ::1 65535 65535\r\n";
        assertTrue(longest.length() <= CircuitLine.BYTES_MAX);
        assertEquals(Verdict.COMPLETE, CircuitLine.parse(ascii(longest)).verdict());
    }

    @Test
    void readsALineInTheMiddleOfABuffer() {
        ByteBuffer bytes = ascii("xx" + GOOD).position(2);
        assertEquals(102, CircuitLine.parse(bytes).circuit());
        assertFalse(bytes.hasRemaining());
    }

    /** Random damage: the verdict is the one of the pattern, or the damaged text is still the beginning of a line. */
    @Test
    void agreesWithThePatternOnDamagedLines() {
        long seed = Long.getLong("seed", 20_261_101L);
        Random random = new Random(seed);
        String alphabet = "PROXYTCP6fc0deadb4:1 89\r\nGgA%\u0000\u00ff";
        int complete = 0;
        for (int round = 0; round < 200_000; round++) {
            StringBuilder text = new StringBuilder("PROXY TCP6 fc00:dead:beef:4dad::"
                    + Integer.toHexString(random.nextInt(0x10000)) + ":" + Integer.toHexString(random.nextInt(0x10000))
                    + " ::1 " + random.nextInt(70_000) + " " + random.nextInt(70_000) + "\r\n");
            for (int wounds = random.nextInt(3); wounds > 0 && !text.isEmpty(); wounds--) {
                int at = random.nextInt(text.length());
                char c = alphabet.charAt(random.nextInt(alphabet.length()));
                switch (random.nextInt(4)) {
                    case 0 -> text.setCharAt(at, c);
                    case 1 -> text.insert(at, c);
                    case 2 -> text.deleteCharAt(at);
                    default -> text.setLength(at);
                }
            }
            ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.ISO_8859_1));
            int size = bytes.remaining();
            CircuitLine line = CircuitLine.parse(bytes);
            boolean whole = isLine(text);
            assertEquals(whole, line.verdict() == Verdict.COMPLETE, () -> "seed " + seed + ": " + text);
            complete += whole ? 1 : 0;
            int taken = whole ? text.indexOf("\n") + 1 : 0;
            assertEquals(size - taken, bytes.remaining());
        }
        assertTrue(complete > 10_000, "the damage left too few lines whole to say anything");
    }

    private static boolean isLine(StringBuilder text) {
        var matcher = FORM.matcher(text);
        return matcher.lookingAt()
                && Integer.parseInt(matcher.group(3)) <= 65_535
                && Integer.parseInt(matcher.group(4)) <= 65_535;
    }

    private static ByteBuffer ascii(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
