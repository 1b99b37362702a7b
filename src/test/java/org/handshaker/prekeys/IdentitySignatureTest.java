// SPDX-License-Identifier: MIT
package org.handshaker.prekeys;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.EdECPublicKey;
import java.util.Base64;
import org.junit.jupiter.api.Test;

class IdentitySignatureTest {
    private static final BigInteger P = BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));
    private static final String NEXT = "BW5leHQ";

    /** Keys of both signs. */
    private static final int KEYS = 8;

    private int odd;

    @Test
    void ed25519AndXed25519VouchAndNothingElseDoes() throws Exception {
        for (int i = 0; i < KEYS || odd == 0 || odd == i; i++) {
            assertTrue(i < 100, "keys of one sign only");
            KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
            EdECPublicKey key = (EdECPublicKey) pair.getPublic();
            odd += key.getPoint().isXOdd() ? 1 : 0;
            byte[] signed = sign(pair);

            byte[] edwards = littleEndian(key.getPoint().getY(), 0, 32);
            edwards[31] |= (byte) (key.getPoint().isXOdd() ? 0x80 : 0);
            assertTrue(IdentitySignature.vouches(text(edwards), NEXT, text(signed)));
            assertFalse(IdentitySignature.vouches(text(edwards), NEXT + "A", text(signed)));

            byte[] montgomery = littleEndian(u(key.getPoint().getY()), 1, 33);
            montgomery[0] = 5;
            byte[] signedThere = signed.clone();
            signedThere[63] |= (byte) (key.getPoint().isXOdd() ? 0x80 : 0);
            assertTrue(IdentitySignature.vouches(text(montgomery), NEXT, text(signedThere)));
            signedThere[63] ^= (byte) 0x80;
            assertFalse(IdentitySignature.vouches(text(montgomery), NEXT, text(signedThere)));
            signedThere[63] ^= (byte) 0x80;
            signedThere[1] ^= 1;
            assertFalse(IdentitySignature.vouches(text(montgomery), NEXT, text(signedThere)));
        }
    }

    @Test
    void whatIsNoKeyOrNoSignatureVouchesForNothing() {
        String signature = text(new byte[64]);
        for (String before : new String[] {"", "!", "AAAA", text(new byte[32]), text(new byte[33]), text(minusOne())}) {
            assertFalse(IdentitySignature.vouches(before, NEXT, null));
            assertFalse(IdentitySignature.vouches(before, NEXT, ""));
            assertFalse(IdentitySignature.vouches(before, NEXT, "AAAA"));
            assertFalse(IdentitySignature.vouches(before, NEXT, signature));
        }
    }

    /** The Montgomery point that has no Edwards form. */
    private static byte[] minusOne() {
        byte[] bytes = littleEndian(P.subtract(BigInteger.ONE), 1, 33);
        bytes[0] = 5;
        return bytes;
    }

    private static BigInteger u(BigInteger y) {
        return BigInteger.ONE
                .add(y)
                .multiply(BigInteger.ONE.subtract(y).modInverse(P))
                .mod(P);
    }

    private static byte[] sign(KeyPair pair) throws Exception {
        Signature signer = Signature.getInstance("Ed25519");
        signer.initSign(pair.getPrivate());
        signer.update(NEXT.getBytes(US_ASCII));
        byte[] signed = signer.sign();
        assertEquals(64, signed.length);
        return signed;
    }

    private static byte[] littleEndian(BigInteger number, int from, int length) {
        byte[] bytes = new byte[length];
        byte[] big = number.toByteArray();
        for (int i = 0; i < Math.min(32, big.length); i++) {
            bytes[from + i] = big[big.length - 1 - i];
        }
        return bytes;
    }

    private static String text(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
