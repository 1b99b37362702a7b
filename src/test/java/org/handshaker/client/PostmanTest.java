// SPDX-License-Identifier: MIT
package org.handshaker.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.handshaker.support.PushReceiver;
import org.handshaker.support.SocksProxy;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class PostmanTest {
    private static final String NAME = "push.somewhere.net";
    private static final String PUBLIC = "93.184.215.14";

    @TempDir
    static Path directory;

    private static PushReceiver receiver;
    private static Path trust;
    private SocksProxy proxy;
    private Postman postman;

    @BeforeAll
    static void receive() throws Exception {
        trust = directory.resolve("trust.p12");
        receiver = PushReceiver.secure(NAME, trust);
    }

    @AfterAll
    static void stopReceiving() {
        receiver.close();
    }

    @BeforeEach
    void open() {
        receiver.forget();
        proxy = SocksProxy.forwardingTo(receiver.port()).resolvingTo(PUBLIC);
        postman = new Postman(() -> Optional.of(proxy.address()), trust);
    }

    @AfterEach
    void close() {
        postman.close();
        proxy.close();
    }

    private int post(String to) {
        return postman.post(URI.create(to), Map.of("TTL", "60"), "body".getBytes(US_ASCII));
    }

    @Test
    void resolvesByTheProxyAndConnectsToWhatItSaid() {
        assertEquals(201, post("https://" + NAME + "/send/1?x=y"));

        PushReceiver.Push push = receiver.pushes().get(0);
        assertEquals("/send/1?x=y", push.path());
        assertEquals("body", new String(push.body(), US_ASCII));
        assertEquals(NAME, push.headers().get("host"));
        assertEquals("60", push.headers().get("ttl"));
        assertEquals(null, push.headers().get("user-agent"));
        assertEquals(List.of(NAME), proxy.resolved());
        SocksProxy.Asked asked = proxy.asked().get(0);
        assertEquals(PUBLIC, asked.host());
        assertEquals(443, asked.port());
        assertEquals("push", asked.username());
    }

    @Test
    void eachHostHasCircuitsOfItsOwn() {
        assertEquals(201, post("https://" + NAME + "/1"));
        assertEquals(201, post("https://" + NAME + "/2"));
        assertThrows(RelayUnreachable.class, () -> post("https://other.somewhere.net/"));
        List<SocksProxy.Asked> asked = proxy.asked();
        assertEquals(asked.get(0).password(), asked.get(1).password());
        assertNotEquals(asked.get(0).password(), asked.get(2).password());
    }

    @Test
    void aCertificateOfAnotherNameIsNone() {
        assertThrows(RelayUnreachable.class, () -> post("https://other.somewhere.net/"));
        assertEquals(List.of(), receiver.pushes());
    }

    @Test
    void anAuthorityThatNobodyTrustsIsNone() {
        try (Postman strict = new Postman(() -> Optional.of(proxy.address()))) {
            assertThrows(
                    RelayUnreachable.class,
                    () -> strict.post(URI.create("https://" + NAME + "/"), Map.of(), new byte[0]));
        }
        assertEquals(List.of(), receiver.pushes());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "10.1.2.3",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.0.1",
                "169.254.169.254",
                "100.64.0.1",
                "0.0.0.0",
                "192.0.2.1",
                "198.18.0.1",
                "224.0.0.1",
                "255.255.255.255",
                "::1",
                "fe80::1",
                "fd00::1",
                "::ffff:10.0.0.1",
            })
    void aNameThatStandsForAPrivateAddressIsNotConnectedTo(String address) {
        proxy.resolvingTo(address);
        assertThrows(RelayUnreachable.class, () -> post("https://" + NAME + "/"));
        assertEquals(List.of(), proxy.asked());
    }

    @Test
    void aProxyThatDoesNotResolveIsNotTrustedWithAName() {
        try (SocksProxy plain = SocksProxy.forwardingTo(receiver.port());
                Postman postman = new Postman(() -> Optional.of(plain.address()))) {
            assertThrows(
                    RelayUnreachable.class,
                    () -> postman.post(URI.create("https://" + NAME + "/"), Map.of(), new byte[0]));
            assertEquals(List.of(), plain.asked());
        }
    }

    @Test
    void withoutAProxyNothingGoesOut() {
        try (Postman alone = new Postman(Optional::empty)) {
            assertThrows(
                    RelayUnreachable.class,
                    () -> alone.post(URI.create("https://" + NAME + "/"), Map.of(), new byte[0]));
        }
    }

    @Test
    void aRedirectIsAnAnswerLikeOthers() {
        receiver.answer(307);
        assertEquals(307, post("https://" + NAME + "/"));
        assertEquals(1, receiver.pushes().size());
    }
}
