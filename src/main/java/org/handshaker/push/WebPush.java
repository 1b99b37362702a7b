// SPDX-License-Identifier: MIT
package org.handshaker.push;

import com.zerodeplibs.webpush.EncryptedPushMessage;
import com.zerodeplibs.webpush.MessageEncryptions;
import com.zerodeplibs.webpush.PushMessage;
import com.zerodeplibs.webpush.UserAgentMessageEncryptionKeyInfo;
import com.zerodeplibs.webpush.VAPIDKeyPair;
import com.zerodeplibs.webpush.VAPIDKeyPairs;
import com.zerodeplibs.webpush.jwt.VAPIDJWTParam;
import com.zerodeplibs.webpush.key.PrivateKeySources;
import com.zerodeplibs.webpush.key.PublicKeySources;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.handshaker.core.Reason;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/**
 * A wake-up as push services want it: sealed for the device (RFC 8291), signed with the relay's key (RFC 8292), and the same
 * for everyone in all that a push service sees but the address.
 */
final class WebPush {
    private static final byte[] WAKE = "{\"type\":\"wake\"}".getBytes(StandardCharsets.US_ASCII);
    /** How long a push service keeps it for a device that is away, seconds; the events themselves wait longer. */
    private static final String TTL_SECONDS = "86400";

    private static final int AUTH_BYTES = 16;
    private static final int POINT_BYTES = 65;

    private final VAPIDKeyPair relayKey;
    private final @Nullable String contact;
    private final InstantSource time;

    /** @param contact {@code mailto:…} or {@code https:…} by which a push service can reach the operator; null for none */
    WebPush(Vault vault, @Nullable String contact, InstantSource time) {
        this.relayKey = keyPair(vault.derive("push vapid key"));
        this.contact = contact;
        this.time = time;
    }

    /** One POST. */
    record Wake(Map<String, String> headers, byte[] body) {
        @Override
        public String toString() {
            return "Wake";
        }
    }

    /** The relay's public key, which a device names when it asks its push service for an endpoint. */
    String publicKey() {
        return relayKey.extractPublicKeyInUncompressedFormAsString();
    }

    /** Refuses with {@code bad_endpoint} keys that nothing can be sealed for. */
    static void requireUsable(Subscription.DeviceKeys keys) {
        try {
            boolean isWhole = base64(keys.p256dh()).length == POINT_BYTES && base64(keys.auth()).length == AUTH_BYTES;
            if (isWhole) {
                MessageEncryptions.of().encrypt(info(keys), PushMessage.of(WAKE));
                return;
            }
        } catch (RuntimeException notOnTheCurve) {
            throw Reason.BAD_ENDPOINT.refuse();
        }
        throw Reason.BAD_ENDPOINT.refuse();
    }

    private static byte[] base64(String text) {
        return java.util.Base64.getUrlDecoder().decode(text);
    }

    Wake wake(Subscription subscription) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("TTL", TTL_SECONDS);
        headers.put("Urgency", "high");
        // RFC 8030, section 5.4: of several that wait for a device that is away, one is enough.
        headers.put("Topic", "wake");
        Subscription.@Nullable DeviceKeys keys = subscription.keys();
        if (keys == null) {
            return new Wake(headers, WAKE);
        }
        EncryptedPushMessage sealed = MessageEncryptions.of().encrypt(info(keys), PushMessage.of(WAKE));
        headers.put("Content-Encoding", sealed.contentEncoding());
        headers.put("Content-Type", "application/octet-stream");
        headers.put("Authorization", authorization(subscription.endpoint()));
        return new Wake(headers, sealed.toBytes());
    }

    private String authorization(PushEndpoint endpoint) {
        // To the hour: a push service learns nothing finer about this machine's clock.
        Instant end = time.instant().truncatedTo(ChronoUnit.HOURS).plus(12, ChronoUnit.HOURS);
        VAPIDJWTParam.Builder claims = VAPIDJWTParam.getBuilder()
                .resourceURLString(endpoint.uri().toString())
                .expirationTime(end);
        if (contact != null) {
            claims.subject(contact);
        }
        return relayKey.generateAuthorizationHeaderValue(claims.build());
    }

    private static UserAgentMessageEncryptionKeyInfo info(Subscription.DeviceKeys keys) {
        return UserAgentMessageEncryptionKeyInfo.of(keys.p256dh(), keys.auth());
    }

    /** A P-256 key from 32 bytes; that they may be over the order of the curve happens once in 2^32, and is folded in. */
    private static VAPIDKeyPair keyPair(byte[] seed) {
        try {
            AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
            parameters.init(new ECGenParameterSpec("secp256r1"));
            ECParameterSpec curve = parameters.getParameterSpec(ECParameterSpec.class);
            BigInteger secret = new BigInteger(1, seed)
                    .mod(curve.getOrder().subtract(BigInteger.ONE))
                    .add(BigInteger.ONE);
            ECPrivateKey privateKey =
                    (ECPrivateKey) KeyFactory.getInstance("EC").generatePrivate(new ECPrivateKeySpec(secret, curve));
            byte[] point = CustomNamedCurves.getByName("P-256")
                    .getG()
                    .multiply(secret)
                    .normalize()
                    .getEncoded(false);
            return VAPIDKeyPairs.of(
                    PrivateKeySources.ofECPrivateKey(privateKey), PublicKeySources.ofUncompressedBytes(point));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("every JDK knows P-256", impossible);
        }
    }
}
