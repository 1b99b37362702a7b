// SPDX-License-Identifier: MIT
package org.handshaker.prekeys;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Whether one identity key vouches for the next. The relay knows two kinds of keys that can: 32 bytes are an Ed25519 key
 * (RFC 8032), 33 bytes beginning with 05 a Curve25519 key as Signal writes it, which signs by XEd25519. A key of another kind
 * vouches for nothing, and its change waits.
 */
final class IdentitySignature {
    private static final BigInteger P = BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));
    private static final int KEY_BYTES = 32;
    private static final int SIGNATURE_BYTES = 64;
    private static final int MONTGOMERY = 5;

    private IdentitySignature() {}

    /**
     * @param before base64url of the key on file
     * @param next the new identity key as it was sent: the signature is over these characters
     * @param signature base64url, 64 bytes
     */
    static boolean vouches(String before, String next, @Nullable String signature) {
        if (signature == null) {
            return false;
        }
        try {
            byte[] key = Base64.getUrlDecoder().decode(before);
            byte[] signed = Base64.getUrlDecoder().decode(signature);
            if (signed.length != SIGNATURE_BYTES) {
                return false;
            }
            PublicKey signer;
            if (key.length == KEY_BYTES) {
                signer = edwards(key);
            } else if (key.length == KEY_BYTES + 1 && key[0] == MONTGOMERY) {
                // XEd25519: the sign that the Montgomery form has lost is the top bit of the signature.
                boolean isOdd = (signed[SIGNATURE_BYTES - 1] & 0x80) != 0;
                signed[SIGNATURE_BYTES - 1] &= 0x7f;
                signer = montgomery(Arrays.copyOfRange(key, 1, key.length), isOdd);
            } else {
                return false;
            }
            Signature verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(signer);
            verifier.update(next.getBytes(StandardCharsets.US_ASCII));
            return verifier.verify(signed);
        } catch (GeneralSecurityException | IllegalArgumentException | ArithmeticException unfit) {
            return false;
        }
    }

    private static PublicKey edwards(byte[] key) throws GeneralSecurityException {
        byte[] y = key.clone();
        boolean isOdd = (y[KEY_BYTES - 1] & 0x80) != 0;
        y[KEY_BYTES - 1] &= 0x7f;
        return publicKey(isOdd, littleEndian(y));
    }

    /** y = (u - 1) / (u + 1), RFC 7748, section 4.1. */
    private static PublicKey montgomery(byte[] key, boolean isOdd) throws GeneralSecurityException {
        byte[] bytes = key.clone();
        bytes[KEY_BYTES - 1] &= 0x7f;
        BigInteger u = littleEndian(bytes).mod(P);
        BigInteger y = u.subtract(BigInteger.ONE)
                .multiply(u.add(BigInteger.ONE).modInverse(P))
                .mod(P);
        return publicKey(isOdd, y);
    }

    private static PublicKey publicKey(boolean isOdd, BigInteger y) throws GeneralSecurityException {
        return KeyFactory.getInstance("Ed25519")
                .generatePublic(new EdECPublicKeySpec(NamedParameterSpec.ED25519, new EdECPoint(isOdd, y)));
    }

    private static BigInteger littleEndian(byte[] bytes) {
        byte[] reversed = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            reversed[i] = bytes[bytes.length - 1 - i];
        }
        return new BigInteger(1, reversed);
    }
}
