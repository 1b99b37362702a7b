// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Signature;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.handshaker.support.Await;
import org.handshaker.support.PushReceiver;
import org.handshaker.support.RawHttp;
import org.handshaker.support.SocksProxy;
import org.handshaker.support.TestRelay;
import org.handshaker.support.WireSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Devices are woken through the SOCKS proxy, without content, and only when there is something to come for. */
@Timeout(60)
final class PushTest {
    private static final int SECONDS_MAX = 20;
    private static final String ONION = "pushpushpushpushpushpushpushpushpushpushpushpushpushpush" + ".onion";

    private PushReceiver receiver;
    private SocksProxy proxy;
    private TestRelay relay;
    private RawHttp http;
    private String alice;
    private String bob;

    @BeforeEach
    void open() throws Exception {
        receiver = PushReceiver.plain();
        proxy = SocksProxy.forwardingTo(receiver.port());
        relay = TestRelay.start(
                "--tor-socks=" + proxy.address(), "--push-delay=0s", "--push-contact=mailto:op@relay.net");
        http = new RawHttp(relay.address());
        alice = http.signUp("alice");
        bob = http.signUp("bob");
        befriend(bob, "@bob");
    }

    @AfterEach
    void close() {
        relay.close();
        proxy.close();
        receiver.close();
    }

    private void befriend(String other, String name) {
        assertEquals(
                201,
                http.request("POST", "/connections/request")
                        .token(alice)
                        .json("{\"to_user\":\"" + name + "\"}")
                        .send()
                        .status());
        assertEquals(
                201,
                http.request("POST", "/connections/request")
                        .token(other)
                        .json("{\"to_user\":\"@alice\"}")
                        .send()
                        .status());
        Map.of(alice, "@alice", other, name).forEach((token, unused) -> ackAll(token));
    }

    private void ackAll(String token) {
        http.request("POST", "/events/ack")
                .token(token)
                .json("{\"up_to\":1000000000}")
                .send();
    }

    private RawHttp.Answer subscribe(String token, String path) {
        return http.request("PUT", "/push/subscription")
                .token(token)
                .json("{\"endpoint\":\"http://" + ONION + path + "\",\"keys\":{\"p256dh\":\"" + receiver.p256dh()
                        + "\",\"auth\":\"" + receiver.auth() + "\"}}")
                .send();
    }

    private boolean isSubscribed(String token) {
        return standing(token).contains("\"subscribed\":true");
    }

    private String standing(String token) {
        return http.request("GET", "/push/subscription").token(token).send().body();
    }

    private void send(String to, String payload) {
        assertEquals(
                202,
                http.request("POST", "/events")
                        .token(alice)
                        .json("{\"to_user\":\"" + to + "\",\"kind\":\"message\",\"payload\":\"" + payload + "\"}")
                        .send()
                        .status());
    }

    private List<PushReceiver.Push> awaitPushes(int count) {
        Await.until(count + " pushes", SECONDS_MAX, () -> receiver.pushes().size() >= count);
        return receiver.pushes();
    }

    @Test
    void wakesASleepingDeviceWithoutSayingWhy() throws Exception {
        assertEquals(204, subscribe(bob, "/up/bobs").status());
        assertTrue(isSubscribed(bob));
        send("@bob", "do not tell anyone");

        PushReceiver.Push push = awaitPushes(1).get(0);
        assertEquals("/up/bobs", push.path());
        assertEquals("{\"type\":\"wake\"}", receiver.open(push.body()));
        Map<String, String> headers = new TreeMap<>(push.headers());
        assertEquals("aes128gcm", headers.get("content-encoding"));
        assertEquals("wake", headers.get("topic"));
        assertEquals("86400", headers.get("ttl"));
        assertEquals("high", headers.get("urgency"));
        requireSigned(String.valueOf(headers.get("authorization")));
        SocksProxy.Asked asked = proxy.asked().get(0);
        assertEquals(ONION, asked.host());
        assertEquals(80, asked.port());
    }

    /** RFC 8292, sections 2 and 3: a token for this push service, good for less than a day, signed by the key that is named. */
    private void requireSigned(String authorization) throws Exception {
        assertTrue(authorization.startsWith("vapid t="), authorization);
        String token = authorization.substring("vapid t=".length(), authorization.indexOf(','));
        String key = authorization.substring(authorization.indexOf("k=") + 2);
        assertTrue(standing(bob).contains("\"vapid_public_key\":\"" + key + "\""));
        String[] parts = token.split("\\.", -1);
        JsonNode claims = new ObjectMapper().readTree(Base64.getUrlDecoder().decode(parts[1]));
        assertEquals("http://" + ONION, claims.get("aud").asText());
        assertEquals("mailto:op@relay.net", claims.get("sub").asText());
        long left = claims.get("exp").asLong() - Instant.now().getEpochSecond();
        assertTrue(left > 0 && left < 86_400, left + " s left");
        assertEquals(0, claims.get("exp").asLong() % 3_600, "to the hour");
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initVerify(PushReceiver.key(Base64.getUrlDecoder().decode(key)));
        signature.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
        assertTrue(signature.verify(der(Base64.getUrlDecoder().decode(parts[2]))));
    }

    private static byte[] der(byte[] raw) {
        byte[] r = new BigInteger(1, Arrays.copyOf(raw, 32)).toByteArray();
        byte[] s = new BigInteger(1, Arrays.copyOfRange(raw, 32, 64)).toByteArray();
        byte[] der = new byte[6 + r.length + s.length];
        der[0] = 0x30;
        der[1] = (byte) (4 + r.length + s.length);
        der[2] = 2;
        der[3] = (byte) r.length;
        System.arraycopy(r, 0, der, 4, r.length);
        der[4 + r.length] = 2;
        der[5 + r.length] = (byte) s.length;
        System.arraycopy(s, 0, der, 6 + r.length, s.length);
        return der;
    }

    /** Whoever comes after is awaited: what was to come before has come, or does not. */
    @Test
    void manyEventsAreOneWakeUpAndOnlyForThoseWhoAsked() {
        String carol = http.signUp("carol");
        befriend(carol, "@carol");
        assertEquals(204, subscribe(bob, "/bob").status());
        for (int i = 0; i < 20; i++) {
            send("@bob", "event " + i);
            send("@carol", "event " + i);
        }
        awaitPushes(1);
        send("@bob", "within the minute");
        assertEquals(204, subscribe(carol, "/carol").status());
        send("@carol", "now she has asked");

        assertEquals(
                List.of("/bob", "/carol"),
                awaitPushes(2).stream().map(PushReceiver.Push::path).toList());
    }

    @Test
    void allWakeUpsLookTheSame() {
        String carol = http.signUp("carol");
        befriend(carol, "@carol");
        subscribe(bob, "/same");
        subscribe(carol, "/same");
        send("@bob", "x");
        awaitPushes(1);
        send("@carol", "x".repeat(60_000));
        List<PushReceiver.Push> pushes = awaitPushes(2);
        assertEquals(pushes.get(0).body().length, pushes.get(1).body().length);
        Stream.of("ttl", "topic", "urgency", "content-length", "content-type", "content-encoding")
                .forEach(name -> assertEquals(
                        pushes.get(0).headers().get(name),
                        pushes.get(1).headers().get(name)));
        assertNotEquals(
                Arrays.toString(pushes.get(0).body()),
                Arrays.toString(pushes.get(1).body()));
    }

    @Test
    void aDeviceWithASocketIsNotWoken() throws Exception {
        String carol = http.signUp("carol");
        befriend(carol, "@carol");
        subscribe(bob, "/bob");
        subscribe(carol, "/carol");
        try (WireSocket socket = WireSocket.open(relay.address(), "Authorization: Bearer " + bob)) {
            assertEquals("ready", socket.next().get("type"));
            send("@bob", "by socket");
            send("@carol", "by push");
            assertEquals("/carol", awaitPushes(1).get(0).path());
        }
        assertEquals(1, receiver.pushes().size());
    }

    @ParameterizedTest
    @ValueSource(ints = {404, 410})
    void aDeviceThatIsGoneIsForgotten(int status) {
        receiver.answer(status);
        subscribe(bob, "/gone");
        send("@bob", "x");
        awaitPushes(1);
        Await.until("it to be forgotten", SECONDS_MAX, () -> !isSubscribed(bob));
    }

    @Test
    void aPushServiceThatFailsIsNoReasonToForget() {
        receiver.answer(503);
        subscribe(bob, "/failing");
        send("@bob", "x");
        awaitPushes(1);
        assertTrue(isSubscribed(bob));
    }

    @Test
    void theSubscriptionEndsWithItsSession() {
        subscribe(bob, "/bob");
        assertEquals(204, http.request("POST", "/auth/logout").token(bob).send().status());
        assertEquals(0, rows());
    }

    @Test
    void unsubscribingAndTheNewestCounts() {
        subscribe(bob, "/first");
        subscribe(bob, "/second");
        assertEquals(1, rows());
        send("@bob", "x");
        assertEquals("/second", awaitPushes(1).get(0).path());
        for (int i = 0; i < 2; i++) {
            assertEquals(
                    204,
                    http.request("DELETE", "/push/subscription")
                            .token(bob)
                            .send()
                            .status());
        }
        assertEquals(0, rows());
        assertTrue(standing(bob).contains("\"subscribed\":false"));
    }

    @Test
    void withoutKeysTheBodyIsPlainAndUnsigned() {
        assertEquals(
                204,
                http.request("PUT", "/push/subscription")
                        .token(bob)
                        .json("{\"endpoint\":\"http://" + ONION + "/plain\"}")
                        .send()
                        .status());
        send("@bob", "x");
        PushReceiver.Push push = awaitPushes(1).get(0);
        assertArrayEquals("{\"type\":\"wake\"}".getBytes(StandardCharsets.US_ASCII), push.body());
        assertEquals(null, push.headers().get("authorization"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"endpoint\":\"https://127.0.0.1/\"}",
                "{\"endpoint\":\"https://ntfy.sh/x\",\"keys\":{\"p256dh\":\"AAAA\",\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}}",
                "{\"endpoint\":\"https://ntfy.sh/x\",\"keys\":{\"p256dh\":\"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4\",\"auth\":\"AA\"}}",
                "{\"endpoint\":\"https://ntfy.sh/x\",\"keys\":{\"p256dh\":\"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}}",
            })
    void refusesWhatItCannotUse(String body) {
        http.request("PUT", "/push/subscription").token(bob).json(body).send().assertRefused(400, "bad_endpoint");
        assertEquals(0, rows());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"endpoint\":null}",
                "{\"endpoint\":\"https://ntfy.sh/x\",\"keys\":{\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}}",
                "{\"endpoint\":\"https://ntfy.sh/x\",\"expirationTime\":null}",
            })
    void refusesWhatItCannotRead(String body) {
        http.request("PUT", "/push/subscription").token(bob).json(body).send().assertRefused(400, "malformed");
    }

    @Test
    void noEndpointLiesOnTheDiskInPlain() throws Exception {
        subscribe(bob, "/a-marker-that-is-nowhere-else");
        relay.stop();
        try (Stream<Path> files = Files.walk(relay.directory())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String bytes = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
                assertTrue(
                        !bytes.contains("a-marker-that-is-nowhere-else") && !bytes.contains("pushpush"),
                        file.toString());
            }
        }
    }

    private int rows() {
        return relay.database().<Integer>read(handle -> handle.createQuery("SELECT count(*) FROM push_subscriptions")
                .mapTo(Integer.class)
                .one());
    }
}
