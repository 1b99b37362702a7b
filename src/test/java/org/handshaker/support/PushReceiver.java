// SPDX-License-Identifier: MIT
package org.handshaker.support;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.SSLContext;

/**
 * A push service and the device behind it: takes POSTs over HTTP or HTTPS on loopback, and opens them with the device's keys as
 * RFC 8291 and RFC 8188 say, by code of its own.
 */
public final class PushReceiver implements AutoCloseable {
    private final HttpServer server;
    private final KeyPair device;
    private final byte[] auth = new byte[16];
    private final List<Push> pushes = new CopyOnWriteArrayList<>();
    private volatile int status = 201;

    /** What came; header names in lower case. */
    public record Push(String path, Map<String, String> headers, byte[] body) {}

    private PushReceiver(HttpServer server) throws GeneralSecurityException {
        this.server = server;
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        this.device = generator.generateKeyPair();
        new SecureRandom().nextBytes(auth);
        server.createContext("/", this::take);
        server.start();
    }

    public static PushReceiver plain() throws Exception {
        return new PushReceiver(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
    }

    /**
     * Over TLS, with a certificate for one name that is its own authority.
     *
     * @param trust becomes a PKCS#12 store without a password that holds it
     */
    public static PushReceiver secure(String name, Path trust) throws Exception {
        SSLContext tls = OwnAuthority.contextFor(name, trust);
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls));
        return new PushReceiver(server);
    }

    public int port() {
        return server.getAddress().getPort();
    }

    /** What it answers from now on. */
    public void answer(int code) {
        status = code;
    }

    /** Begins anew. */
    public void forget() {
        pushes.clear();
        status = 201;
    }

    public List<Push> pushes() {
        return List.copyOf(pushes);
    }

    private void take(HttpExchange exchange) throws IOException {
        Map<String, String> headers = new TreeMap<>();
        exchange.getRequestHeaders()
                .forEach((name, values) -> headers.put(name.toLowerCase(java.util.Locale.ROOT), values.get(0)));
        byte[] body = exchange.getRequestBody().readAllBytes();
        pushes.add(new Push(exchange.getRequestURI().toString(), headers, body));
        exchange.sendResponseHeaders(status, -1);
        exchange.close();
    }

    /** The device's public key, as it is given to the relay. */
    public String p256dh() {
        return base64(point((ECPublicKey) device.getPublic()));
    }

    public String auth() {
        return base64(auth);
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static byte[] point(ECPublicKey key) {
        ByteBuffer point = ByteBuffer.allocate(65).put((byte) 4);
        for (BigInteger coordinate : List.of(key.getW().getAffineX(), key.getW().getAffineY())) {
            byte[] bytes = coordinate.toByteArray();
            byte[] padded = new byte[32];
            int length = Math.min(32, bytes.length);
            System.arraycopy(bytes, bytes.length - length, padded, 32 - length, length);
            point.put(padded);
        }
        return point.array();
    }

    /** A key from its uncompressed point. */
    public static ECPublicKey key(byte[] point) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        ECPoint w = new ECPoint(
                new BigInteger(1, Arrays.copyOfRange(point, 1, 33)),
                new BigInteger(1, Arrays.copyOfRange(point, 33, 65)));
        var parameters = ((ECPublicKey) generator.generateKeyPair().getPublic()).getParams();
        return (ECPublicKey) KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(w, parameters));
    }

    /** Opens a sealed body: RFC 8188, section 2, with the key of RFC 8291, section 3.4. */
    public String open(byte[] body) throws GeneralSecurityException {
        byte[] salt = Arrays.copyOf(body, 16);
        int idLength = body[20] & 0xff;
        byte[] sender = Arrays.copyOfRange(body, 21, 21 + idLength);
        byte[] sealed = Arrays.copyOfRange(body, 21 + idLength, body.length);
        KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
        agreement.init(device.getPrivate());
        agreement.doPhase(key(sender), true);
        byte[] info = join(
                "WebPush: info\0".getBytes(StandardCharsets.US_ASCII), point((ECPublicKey) device.getPublic()), sender);
        byte[] ikm = hkdf(auth, agreement.generateSecret(), info, 32);
        byte[] key = hkdf(salt, ikm, "Content-Encoding: aes128gcm\0".getBytes(StandardCharsets.US_ASCII), 16);
        byte[] nonce = hkdf(salt, ikm, "Content-Encoding: nonce\0".getBytes(StandardCharsets.US_ASCII), 12);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, nonce));
        String padded = new String(cipher.doFinal(sealed), StandardCharsets.UTF_8);
        return padded.substring(0, padded.lastIndexOf('\u0002'));
    }

    private static byte[] hkdf(byte[] salt, byte[] secret, byte[] info, int length) throws GeneralSecurityException {
        return Arrays.copyOf(hmac(hmac(salt, secret), join(info, new byte[] {1})), length);
    }

    private static byte[] hmac(byte[] key, byte[] message) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(message);
    }

    private static byte[] join(byte[]... parts) {
        ByteBuffer all = ByteBuffer.allocate(
                Arrays.stream(parts).mapToInt(part -> part.length).sum());
        Arrays.stream(parts).forEach(all::put);
        return all.array();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
