// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;

/** Time as identity tables know it: whole days since 1970-01-01, UTC. */
final class Days {
    private Days() {}

    static long of(Instant instant) {
        return LocalDate.ofInstant(instant, ZoneOffset.UTC).toEpochDay();
    }
}
