// SPDX-License-Identifier: MIT
package org.handshaker.push;

import java.net.URI;
import java.util.Locale;
import java.util.regex.Pattern;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;

/**
 * Where a push service takes wake-ups for one device (RFC 8030, section 4): {@code https} to a public name, or {@code http} or
 * {@code https} to a v3 onion. Never an address, so that only the proxy ever learns what a name stands for.
 */
record PushEndpoint(URI uri) {
    private static final Pattern ONION = Pattern.compile("([a-z0-9-]{1,63}\\.)*[a-z2-7]{56}\\.onion");
    /** At least two labels, the last of letters: no address of any form is one. */
    private static final Pattern NAME =
            Pattern.compile("([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?");
    /** Names that stand for this machine, its network, or nothing (RFC 6761, RFC 6762, RFC 8375, RFC 9476). */
    private static final Pattern PRIVATE = Pattern.compile(
            "(.*\\.)?(localhost|local|localdomain|internal|intranet|lan|home|corp|private|test|example|invalid|alt|arpa|onion)");

    /** Refuses with {@code bad_endpoint} whatever else it is. */
    static PushEndpoint parse(String text) {
        if (text.length() > Limits.PUSH_ENDPOINT_CHARS_MAX) {
            throw Reason.BAD_ENDPOINT.refuse();
        }
        try {
            URI uri = new URI(text);
            boolean isPlain = uri.getHost() != null
                    && uri.getRawUserInfo() == null
                    && uri.getRawFragment() == null
                    && uri.getPort() != 0
                    && uri.getPort() <= 65_535
                    && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
            if (isPlain && isPublic(String.valueOf(uri.getScheme()), host(uri))) {
                return new PushEndpoint(uri);
            }
        } catch (java.net.URISyntaxException notAUri) {
            throw Reason.BAD_ENDPOINT.refuse();
        }
        throw Reason.BAD_ENDPOINT.refuse();
    }

    private static boolean isPublic(String scheme, String host) {
        if (ONION.matcher(host).matches()) {
            return scheme.equals("http") || scheme.equals("https");
        }
        return scheme.equals("https")
                && host.length() <= 253
                && NAME.matcher(host).matches()
                && !PRIVATE.matcher(host).matches();
    }

    private static String host(URI uri) {
        return uri.getHost().toLowerCase(Locale.ROOT);
    }

    /** It tells who has which device. */
    @Override
    public String toString() {
        return "PushEndpoint";
    }
}
