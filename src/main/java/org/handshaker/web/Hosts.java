// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which host names and origins this relay answers to. A page on another site whose name was rebound to 127.0.0.1 sends its
 * own name as {@code Host}; it gets 421 and learns nothing.
 */
public final class Hosts {
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final Pattern ONION = Pattern.compile("[a-z2-7]{56}\\.onion");
    private static final Pattern PORT = Pattern.compile(":\\d{1,5}$");

    private final Set<String> namedOrigins;
    private volatile @Nullable String onion;
    private volatile boolean takesAnyOnion;

    /** @param namedOrigins origins that the operator lets browsers call from, exact */
    public Hosts(Set<String> namedOrigins) {
        this.namedOrigins = Set.copyOf(namedOrigins);
    }

    /** The relay's own address, once it is known. */
    public void onion(String address) {
        this.onion = address;
    }

    /** For an operator's own tor, which does not tell the relay its address; rebinding cannot come through a PROXY line. */
    public void takeAnyOnion() {
        this.takesAnyOnion = true;
    }

    boolean answersTo(@Nullable String hostHeader) {
        if (hostHeader == null) {
            return false;
        }
        String host = withoutPort(hostHeader.toLowerCase(Locale.ROOT));
        return LOOPBACK.contains(host)
                || host.equals(onion)
                || (takesAnyOnion && ONION.matcher(host).matches());
    }

    /** Whether a browser page of this origin may read answers. */
    boolean mayRead(@Nullable String origin) {
        return origin != null && namedOrigins.contains(origin);
    }

    /** Whether a socket with this {@code Origin} may open: absent (not a browser), the relay's own, or named. */
    boolean mayOpenSocket(@Nullable String origin, @Nullable String hostHeader) {
        boolean isOwn = hostHeader != null && ("http://" + hostHeader).equals(origin);
        return origin == null || isOwn || namedOrigins.contains(origin);
    }

    private static String withoutPort(String host) {
        return PORT.matcher(host).replaceFirst("");
    }
}
