// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.time.Duration;

/** How long to wait before tor is tried again: a second, then twice as long each time, at most a minute. */
final class Backoff {
    static final Duration FIRST = Duration.ofSeconds(1);
    static final Duration LONGEST = Duration.ofMinutes(1);

    private Duration next = FIRST;

    /** @param lived how long the try before went well; who lived longer than the longest wait begins anew */
    Duration after(Duration lived) {
        if (lived.compareTo(LONGEST) > 0) {
            next = FIRST;
        }
        Duration now = next;
        Duration twice = now.multipliedBy(2);
        next = twice.compareTo(LONGEST) < 0 ? twice : LONGEST;
        return now;
    }
}
