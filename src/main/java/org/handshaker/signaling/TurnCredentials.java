// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.handshaker.core.Limits;
import org.handshaker.core.Secrets;
import org.handshaker.core.Unusable;
import org.handshaker.signaling.IceServers.IceServer;

/**
 * Short-lived TURN credentials that coturn checks without asking us: the "TURN REST API" of
 * draft-uberti-behave-turn-rest-00, coturn's {@code use-auth-secret}. The username is {@code expiry:random}, so it names
 * nobody and no two of them can be told to belong together; the password is {@code base64(HMAC-SHA1(secret, username))}.
 * SHA-1 is what the scheme says, and as a MAC it is not broken. The secret is shared with coturn alone and never
 * leaves this class.
 */
public final class TurnCredentials {
    private static final int SECRET_CHARS_MIN = 16;
    private static final int RANDOM_BYTES = 16;
    private static final Pattern HOST = Pattern.compile("([A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}])(:[0-9]{1,5})?");
    private static final Pattern TURN = Pattern.compile("turns?:" + HOST + "\\?transport=tcp");
    private static final Pattern STUN = Pattern.compile("stuns?:" + HOST);

    private final List<String> turnUrls;
    private final List<String> stunUrls;
    private final byte[] secret;

    private TurnCredentials(List<String> turnUrls, List<String> stunUrls, byte[] secret) {
        this.turnUrls = List.copyOf(turnUrls);
        this.stunUrls = List.copyOf(stunUrls);
        this.secret = secret;
    }

    /** A relay without TURN: every answer holds empty lists. */
    public static TurnCredentials none() {
        return new TurnCredentials(List.of(), List.of(), new byte[0]);
    }

    /**
     * @param turnUrls {@code turn:host:port?transport=tcp}; Tor carries no UDP
     * @param stunUrls {@code stun:host:port}, only where the operator insists
     * @param secret coturn's {@code static-auth-secret}, see {@link #readSecret}
     * @throws Unusable when a URL is not of that shape
     */
    public static TurnCredentials of(List<String> turnUrls, List<String> stunUrls, byte[] secret) {
        for (String url : turnUrls) {
            if (!TURN.matcher(url).matches()) {
                throw new Unusable(
                        "--turn-url takes turn:HOST:PORT?transport=tcp (Tor carries no UDP), not " + url + ".");
            }
        }
        for (String url : stunUrls) {
            if (!STUN.matcher(url).matches()) {
                throw new Unusable("--stun-url takes stun:HOST:PORT, not " + url + ".");
            }
        }
        if (!turnUrls.isEmpty() && secret.length < SECRET_CHARS_MIN) {
            throw new Unusable("--turn-secret-file needs a secret of at least " + SECRET_CHARS_MIN + " characters.");
        }
        return new TurnCredentials(turnUrls, stunUrls, secret.clone());
    }

    /**
     * Reads the secret from its file: one line of printable ASCII without blanks, because coturn reads the same characters
     * from its configuration.
     */
    public static byte[] readSecret(Path file) {
        String text;
        try {
            text = Files.readString(file, StandardCharsets.US_ASCII).strip();
            if (file.getFileSystem().supportedFileAttributeViews().contains("posix")
                    && Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
                throw new Unusable(
                        "Everyone on this machine can read the file of --turn-secret-file: chmod o= " + file + ".");
            }
        } catch (IOException unreadable) {
            throw new Unusable("The file of --turn-secret-file cannot be read: " + file + ".", unreadable);
        }
        if (!text.matches("[!-~]{" + SECRET_CHARS_MIN + ",512}")) {
            throw new Unusable("--turn-secret-file " + file + " must hold one line of at least " + SECRET_CHARS_MIN
                    + " printable characters without blanks.");
        }
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Fresh credentials for one client; two calls share nothing but the addresses of the servers. */
    public IceServers issue(Instant now) {
        List<IceServer> stun = stunUrls.isEmpty() ? List.of() : List.of(new IceServer(stunUrls, null, null));
        List<IceServer> turn =
                turnUrls.isEmpty() ? List.of() : List.of(turnServer(now.plus(Limits.TURN_CREDENTIAL_LIFE)));
        return new IceServers(turn, stun, turn, "relay", Limits.TURN_CREDENTIAL_LIFE.toSeconds());
    }

    private IceServer turnServer(Instant expiry) {
        String username = expiry.getEpochSecond() + ":" + Secrets.base64Url(Secrets.randomBytes(RANDOM_BYTES));
        return new IceServer(turnUrls, username, password(username));
    }

    private String password(String username) {
        try {
            Mac mac = Mac.getInstance("HmacSHA1");
            mac.init(new SecretKeySpec(secret, "HmacSHA1"));
            return Base64.getEncoder().encodeToString(mac.doFinal(username.getBytes(StandardCharsets.US_ASCII)));
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("every JDK has HmacSHA1", missing);
        }
    }

    @Override
    public String toString() {
        return "TurnCredentials" + turnUrls;
    }
}
