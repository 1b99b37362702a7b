// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The line by which tor names the circuit of a stream ({@code HiddenServiceExportCircuitID haproxy}): PROXY protocol version 1
 * with the circuit's number in the last 32 bits of a made-up address,
 *
 * <pre>PROXY TCP6 fc00:dead:beef:4dad::HI:LO ::1 PORT PORT CR LF</pre>
 *
 * with HI and LO as C prints {@code %x} and the ports as {@code %d}. Read byte by byte against exactly that form: there is
 * one spelling of each circuit, nothing is looked up, and what differs is known at its first wrong byte.
 *
 * @param circuit the number as 32 bits; tor counts from small numbers and begins again when it restarts
 */
record CircuitLine(Verdict verdict, int circuit) {
    /** The bound of the PROXY protocol on a version 1 line, with its CR LF; tor's own are shorter. */
    static final int BYTES_MAX = 107;

    private static final CircuitLine INCOMPLETE = new CircuitLine(Verdict.INCOMPLETE, 0);
    private static final CircuitLine MALFORMED = new CircuitLine(Verdict.MALFORMED, 0);

    private static final byte[] HEAD = "PROXY TCP6 fc00:dead:beef:4dad::".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] COLON = {':'};
    private static final byte[] DESTINATION = " ::1 ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SPACE = {' '};
    private static final byte[] END = {'\r', '\n'};

    enum Verdict {
        /** The beginning of a line; more bytes are needed. */
        INCOMPLETE,
        /** Whatever follows, this is no such line. */
        MALFORMED,
        COMPLETE
    }

    /** Reads the line at the buffer's position. A complete one is taken from the buffer, all else left as it is. */
    static CircuitLine parse(ByteBuffer bytes) {
        Cursor cursor = new Cursor(bytes);
        cursor.literal(HEAD);
        int high = cursor.number(16, 0xFFFF);
        cursor.literal(COLON);
        int low = cursor.number(16, 0xFFFF);
        cursor.literal(DESTINATION);
        cursor.number(10, 65_535);
        cursor.literal(SPACE);
        cursor.number(10, 65_535);
        cursor.literal(END);
        return switch (cursor.verdict) {
            case INCOMPLETE -> INCOMPLETE;
            case MALFORMED -> MALFORMED;
            case COMPLETE -> {
                bytes.position(cursor.at);
                yield new CircuitLine(Verdict.COMPLETE, high << 16 | low);
            }
        };
    }

    /** Goes over the bytes until they end or err; from there on every further step does nothing. */
    private static final class Cursor {
        private final ByteBuffer bytes;
        private int at;
        private Verdict verdict = Verdict.COMPLETE;

        Cursor(ByteBuffer bytes) {
            this.bytes = bytes;
            this.at = bytes.position();
        }

        void literal(byte[] expected) {
            for (int i = 0; i < expected.length && more(); i++, at++) {
                if (bytes.get(at) != expected[i]) {
                    verdict = Verdict.MALFORMED;
                }
            }
        }

        /** At least one digit, no leading zero, not above {@code max}; ends before the first byte that is none. */
        int number(int radix, int max) {
            int value = 0;
            int digits = 0;
            while (more()) {
                int digit = digit(bytes.get(at), radix);
                if (digit < 0) {
                    if (digits == 0) {
                        verdict = Verdict.MALFORMED;
                    }
                    return value;
                }
                boolean leadingZero = digits > 0 && value == 0;
                value = value * radix + digit;
                digits++;
                if (leadingZero || value > max) {
                    verdict = Verdict.MALFORMED;
                    return value;
                }
                at++;
            }
            return value;
        }

        private boolean more() {
            if (verdict == Verdict.COMPLETE && at == bytes.limit()) {
                verdict = Verdict.INCOMPLETE;
            }
            return verdict == Verdict.COMPLETE;
        }

        private static int digit(byte b, int radix) {
            int digit = b >= '0' && b <= '9' ? b - '0' : b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
            return digit < radix ? digit : -1;
        }
    }
}
