// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.handshaker.core.Secrets;
import org.handshaker.core.Vault;

/**
 * Proof to tor that we may read its cookie file (control-spec 3.24, SAFECOOKIE). Both sides prove it by an HMAC over fresh
 * nonces, so that a port that merely looks like tor's learns neither the cookie nor, by naming another file, that file.
 */
final class ControlCookie {
    private static final int COOKIE_BYTES = 32;
    private static final int NONCE_BYTES = 32;
    private static final String SERVER_KEY = "Tor safe cookie authentication server-to-controller hash";
    private static final String CLIENT_KEY = "Tor safe cookie authentication controller-to-server hash";

    private ControlCookie() {}

    static void authenticate(ControlPort port) throws IOException {
        String auth = port.command("PROTOCOLINFO 1").stream()
                .filter(line -> line.startsWith("AUTH "))
                .findFirst()
                .orElseThrow(() -> new IOException("tor does not say how to authenticate"));
        List<String> methods = List.of(Keywords.value(auth, "METHODS").split(",", -1));
        if (methods.contains("NULL")) {
            port.command("AUTHENTICATE");
        } else if (methods.contains("SAFECOOKIE")) {
            byte[] cookie = read(Path.of(Keywords.value(auth, "COOKIEFILE")));
            port.command("AUTHENTICATE " + proof(port, cookie));
        } else {
            throw new IOException("tor offers no cookie authentication: set CookieAuthentication 1 in its torrc");
        }
    }

    private static byte[] read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] cookie = in.readNBytes(COOKIE_BYTES + 1);
            if (cookie.length != COOKIE_BYTES) {
                throw new IOException("what tor names as its cookie file is not one");
            }
            return cookie;
        } catch (java.nio.file.FileSystemException unreadable) {
            throw new IOException(
                    "tor's cookie file cannot be read: let this user join the group of tor (CookieAuthFileGroupReadable 1)",
                    unreadable);
        }
    }

    private static String proof(ControlPort port, byte[] cookie) throws IOException {
        HexFormat hex = HexFormat.of();
        byte[] ours = Secrets.randomBytes(NONCE_BYTES);
        String answer =
                port.command("AUTHCHALLENGE SAFECOOKIE " + hex.formatHex(ours)).get(0);
        byte[] theirs;
        byte[] theirProof;
        try {
            theirs = hex.parseHex(Keywords.value(answer, "SERVERNONCE"));
            theirProof = hex.parseHex(Keywords.value(answer, "SERVERHASH"));
        } catch (IllegalArgumentException notHex) {
            throw new IOException("tor's challenge is malformed", notHex);
        }
        byte[] message = join(cookie, ours, theirs);
        if (!Secrets.same(theirProof, Vault.hmac(ascii(SERVER_KEY), message))) {
            throw new IOException("what answers on the control port does not know tor's cookie");
        }
        return hex.formatHex(Vault.hmac(ascii(CLIENT_KEY), message));
    }

    private static byte[] join(byte[] a, byte[] b, byte[] c) {
        byte[] joined = new byte[a.length + b.length + c.length];
        System.arraycopy(a, 0, joined, 0, a.length);
        System.arraycopy(b, 0, joined, a.length, b.length);
        System.arraycopy(c, 0, joined, a.length + b.length, c.length);
        return joined;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
