// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.time.Duration;

/** Comes by once, as somebody new: a way of its own to a relay, one {@code GET /health}, and gone again. */
public final class Visit {
    private Visit() {}

    /**
     * The relay's word on itself: {@code ok}, {@code degraded} or {@code starting}.
     *
     * @param longest for all of it
     * @throws RelayUnreachable if no relay answers in that time, with one sentence for a person
     */
    public static String health(RelayAddress address, Duration longest) {
        try (Carrier carrier = Carrier.to(address, longest)) {
            return carrier.call("GET", "/health", null, null, Duration.ZERO).text("status");
        } catch (RelayRefused refused) {
            throw new RelayUnreachable("What answers at " + address + " is not a Handshaker relay.", refused);
        }
    }

    /** Whether a relay answers at an onion, whatever it says. */
    public static boolean reaches(String onion, String socks, Duration longest) {
        try {
            return !health(RelayAddress.parse("http://" + onion, socks), longest)
                    .isEmpty();
        } catch (RelayUnreachable | IllegalArgumentException missed) {
            return false;
        }
    }
}
