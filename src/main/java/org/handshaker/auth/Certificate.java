// SPDX-License-Identifier: MIT
package org.handshaker.auth;

/**
 * A public OpenPGP certificate that {@link OpenPgp} has read and found usable.
 *
 * @param armored the certificate as the relay keeps and serves it: without armor headers, photos and other people's signatures
 * @param fingerprint upper-case hex, 40 characters (version 4) or 64 (version 6)
 */
public record Certificate(String armored, String fingerprint) {
    @Override
    public String toString() {
        return "Certificate";
    }
}
