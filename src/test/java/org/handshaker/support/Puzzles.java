// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.handshaker.core.Secrets;

/** Solves puzzles as any client of ALTCHA does, without a line of ours. */
public final class Puzzles {
    private static final long NUMBER_MAX = 10_000_000;

    private Puzzles() {}

    /** @param puzzle as {@code GET /auth/puzzle} answers it */
    public static Map<String, Object> solve(Map<?, ?> puzzle) {
        byte[] wanted = HexFormat.of().parseHex(String.valueOf(puzzle.get("challenge")));
        for (long number = 0; number <= NUMBER_MAX; number++) {
            if (Secrets.same(Secrets.sha256(puzzle.get("salt") + Long.toString(number)), wanted)) {
                Map<String, Object> solution = new HashMap<>();
                for (String member : List.of("algorithm", "challenge", "salt", "signature")) {
                    solution.put(member, String.valueOf(puzzle.get(member)));
                }
                solution.put("number", number);
                return solution;
            }
        }
        throw new AssertionError("every puzzle has a solution");
    }
}
