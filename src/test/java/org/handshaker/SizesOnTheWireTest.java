// SPDX-License-Identifier: MIT
package org.handshaker;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.handshaker.support.WireSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What somebody who counts bytes on the wire learns: that an answer or a frame has one of five sizes. */
final class SizesOnTheWireTest {
    private static final Set<Integer> SIZES = Set.of(512, 2_048, 8_192, 32_768, 98_304);
    /** As long as a name can be, so that nothing around the payload is longer in earnest. */
    private static final String SENDER = "alice_" + "a".repeat(24);

    private TestRelay relay;
    private RawHttp http;
    private String alice;
    private String bob;

    @BeforeEach
    void aliceAndBobAreConnected() {
        relay = TestRelay.start("--linger=0s");
        http = new RawHttp(relay.address());
        alice = http.signUp(SENDER);
        bob = http.signUp("bob");
        post(alice, "/connections/request", "{\"to_user\":\"@bob\"}");
        post(bob, "/connections/request", "{\"to_user\":\"@" + SENDER + "\"}");
        emptyQueue(bob);
    }

    @AfterEach
    void stop() {
        relay.close();
    }

    @Test
    void anEmptyPollLooksLikeOneWithUpToAKibibyteOfMail() {
        for (String target : List.of("/events", "/signaling/poll")) {
            int empty = get(bob, target).length();
            for (int payload : new int[] {1, 200, 700, 1_024}) {
                send(payload);
                assertEquals(empty, get(bob, target).length(), target + " with " + payload);
                emptyQueue(bob);
            }
            send(4_000);
            assertTrue(get(bob, target).length() > empty, "more than that shows");
            emptyQueue(bob);
        }
    }

    @Test
    void everyAnswerHasOneOfFiveSizesAndIsNeitherChunkedNorCompressed() {
        send(3);
        for (String target : List.of(
                "/events",
                "/signaling/poll",
                "/users/me",
                "/connections/",
                "/connections/pending",
                "/auth/sessions",
                "/x")) {
            String answer = get(bob, target);
            String head = answer.substring(0, answer.indexOf("\r\n\r\n"));
            int body = answer.length() - head.length() - 4;
            assertTrue(SIZES.contains(body), target + " " + body);
            assertTrue(head.contains("\r\nContent-Length: " + body), head);
            assertFalse(head.contains("Encoding"), head);
        }
    }

    /** Whether a recipient has acked at once or the event went to the disk shows in no length. */
    @Test
    void aReceiptHasOneSize() {
        Set<Integer> sizes = new TreeSet<>();
        for (int payload : new int[] {1, 1_024, 10_000}) {
            sizes.add(send(payload));
        }
        assertEquals(1, sizes.size(), sizes.toString());
    }

    @Test
    void everyFrameHasOneOfFiveSizes() {
        Map<Integer, Integer> bytes = new LinkedHashMap<>();
        try (WireSocket socket = WireSocket.open(
                relay.address(), "Authorization: Bearer " + bob, "Sec-WebSocket-Extensions: permessage-deflate")) {
            assertFalse(socket.answer().contains("permessage"), socket.answer());
            assertEquals(512, socket.read().payload().length, "the greeting");
            socket.text("{\"type\":\"ping\"}");
            assertEquals(512, socket.read().payload().length, "the pong");
            for (int payload : new int[] {1, 100, 700, 1_024, 4_000, 20_000}) {
                send(payload);
                WireSocket.Frame event = socket.read();
                assertTrue(event.text().contains("\"payload\""), event.text());
                bytes.put(payload, event.payload().length);
            }
        }
        assertTrue(SIZES.containsAll(bytes.values()), bytes.toString());
        assertEquals(Set.of(2_048), Set.copyOf(bytes.values().stream().limit(4).toList()), "up to 1 KiB: " + bytes);
    }

    /** Returns the bytes of the whole answer. */
    private int send(int payload) {
        String body = "{\"to_user\":\"@bob\",\"kind\":\"offer\",\"payload\":\"" + "x".repeat(payload) + "\"}";
        String answer = raw("POST", alice, "/events", body);
        assertTrue(answer.startsWith("HTTP/1.1 202"), answer);
        return answer.length();
    }

    private void emptyQueue(String token) {
        Matcher seq = Pattern.compile("\"seq\":(\\d+)").matcher(get(token, "/events"));
        while (seq.find()) {
            post(token, "/events/ack", "{\"up_to\":" + seq.group(1) + "}");
        }
    }

    private String get(String token, String target) {
        return raw("GET", token, target, "");
    }

    private void post(String token, String target, String json) {
        assertEquals(
                2, http.request("POST", target).token(token).json(json).send().status() / 100);
    }

    /** Everything that comes back, in ISO 8859-1: a character is a byte. */
    private String raw(String method, String token, String target, String json) {
        URI url = URI.create(relay.address());
        String head = method + " " + target + " HTTP/1.1\r\nHost: " + url.getAuthority()
                + "\r\nConnection: close\r\nAccept-Encoding: gzip, br\r\nAuthorization: Bearer " + token
                + (json.isEmpty() ? "" : "\r\nContent-Type: application/json") + "\r\nContent-Length: "
                + json.length() + "\r\n\r\n";
        try (Socket socket = new Socket(url.getHost(), url.getPort())) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write((head + json).getBytes(ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
