// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.handshaker.core.Secrets;
import org.handshaker.web.Json;

/**
 * Solves the relay's proof of work, in the form of ALTCHA v1: find the number whose SHA-256 behind the salt is the
 * challenge. The search is bounded, so that a hostile relay cannot burn a client's processor for long.
 */
final class PuzzleSolver {
    /** About ten seconds of one core. */
    private static final long NUMBER_MAX = 10_000_000;

    private PuzzleSolver() {}

    /** The text for the {@code puzzle} member of the next try: base64 of the solved challenge. */
    static String solve(Answer puzzle) {
        String algorithm = puzzle.text("algorithm");
        if (!algorithm.equals("SHA-256")) {
            throw new RelayUnreachable("The relay asks for a kind of puzzle unknown here: update this program.", null);
        }
        String salt = puzzle.text("salt");
        byte[] wanted = challenge(puzzle.text("challenge"));
        long most = Math.min(puzzle.numberOr("maxnumber", NUMBER_MAX), NUMBER_MAX);
        for (long number = 0; number <= most; number++) {
            if (Secrets.same(Secrets.sha256(salt + number), wanted)) {
                Map<String, Object> solved = new LinkedHashMap<>();
                solved.put("algorithm", algorithm);
                solved.put("challenge", puzzle.text("challenge"));
                solved.put("number", number);
                solved.put("salt", salt);
                solved.put("signature", puzzle.text("signature"));
                return java.util.Base64.getEncoder()
                        .encodeToString(Json.text(solved).getBytes(StandardCharsets.UTF_8));
            }
        }
        throw new RelayUnreachable("The relay's puzzle has no solution within bounds.", null);
    }

    private static byte[] challenge(String hex) {
        try {
            return HexFormat.of().parseHex(hex);
        } catch (IllegalArgumentException notHex) {
            throw new RelayUnreachable("The relay's puzzle cannot be read.", notHex);
        }
    }
}
