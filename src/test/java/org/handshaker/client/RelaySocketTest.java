// SPDX-License-Identifier: MIT
package org.handshaker.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.handshaker.client.RelaySocket.Greeting;
import org.handshaker.web.Json;
import org.junit.jupiter.api.Test;

class RelaySocketTest {
    private final BlockingQueue<Object> heard = new LinkedBlockingQueue<>();

    @Test
    void carriesTheTokenInTheHeader() {
        try (ScriptedRelay relay = ScriptedRelay.speaking(greeting());
                Carrier carrier = Carrier.to(relay.address());
                RelaySocket socket = open(carrier, Greeting.HEADER)) {
            assertEquals("@alice", socket.ready().username());
            assertEquals("Bearer token", relay.asked().get(0).authorization());
            assertFalse(relay.asked().get(0).headers().contains("sec-websocket-extensions"), "never compressed");
        }
    }

    @Test
    void carriesTheTokenInTheFirstFrame() {
        try (ScriptedRelay relay =
                        ScriptedRelay.speaking(frame -> frame.contains("\"token\"") && frame.contains("\"auth\"")
                                ? List.of(Scripts.READY)
                                : List.of());
                Carrier carrier = Carrier.to(relay.address());
                RelaySocket socket = open(carrier, Greeting.FRAME)) {
            assertEquals("@alice", socket.ready().username());
        }
    }

    @Test
    void completesASendWithItsReceipt() {
        try (ScriptedRelay relay = ScriptedRelay.speaking(greeting(frame -> List.of("{\"type\":\"receipt\",\"id\":\""
                        + id(frame) + "\",\"event_id\":\"e1\",\"status\":\"stored\"}")));
                Carrier carrier = Carrier.to(relay.address());
                RelaySocket socket = open(carrier, Greeting.HEADER)) {
            assertEquals(
                    new Receipt("e1", "stored"),
                    socket.send("@bob", "offer", "x")
                            .orTimeout(10, TimeUnit.SECONDS)
                            .join());
        }
    }

    @Test
    void failsASendWithItsRefusal() {
        try (ScriptedRelay relay = ScriptedRelay.speaking(greeting(frame -> List.of("{\"type\":\"refused\",\"id\":\""
                        + id(frame) + "\",\"code\":\"not_connected\",\"detail\":\"No.\",\"retry_after\":3}")));
                Carrier carrier = Carrier.to(relay.address());
                RelaySocket socket = open(carrier, Greeting.HEADER)) {
            CompletionException failed = assertThrows(CompletionException.class, () -> socket.send("@bob", "offer", "x")
                    .orTimeout(10, TimeUnit.SECONDS)
                    .join());
            RelayRefused refused = (RelayRefused) failed.getCause();
            assertEquals("not_connected", refused == null ? "" : refused.code());
            assertEquals(3, refused == null ? 0 : refused.retryAfterSeconds());
        }
    }

    @Test
    void failsWhatIsUnansweredWhenTheSocketCloses() throws InterruptedException {
        try (ScriptedRelay relay = ScriptedRelay.speaking(greeting(frame -> List.of("close 4503")));
                Carrier carrier = Carrier.to(relay.address());
                RelaySocket socket = open(carrier, Greeting.HEADER)) {
            assertThrows(CompletionException.class, () -> socket.send("@bob", "offer", "x")
                    .orTimeout(10, TimeUnit.SECONDS)
                    .join());
            assertEquals(4503, heard.poll(10, TimeUnit.SECONDS));
            assertThrows(CompletionException.class, () -> socket.send("@bob", "offer", "x")
                    .orTimeout(10, TimeUnit.SECONDS)
                    .join());
            assertThrows(
                    CompletionException.class,
                    () -> socket.ping().orTimeout(10, TimeUnit.SECONDS).join());
        }
    }

    @Test
    void handsOverEventsAndPongs() throws InterruptedException {
        try (ScriptedRelay relay = ScriptedRelay.speaking(greeting(frame -> List.of(
                        "{\"type\":\"pong\"}",
                        "{\"type\":\"event\",\"event_id\":\"e\",\"seq\":7,\"from_user\":\"@bob\",\"kind\":\"ice\",\"payload\":\"p\"}",
                        "{\"type\":\"not.known.yet\"}")));
                Carrier carrier = Carrier.to(relay.address());
                RelaySocket socket = open(carrier, Greeting.HEADER)) {
            socket.ping().orTimeout(10, TimeUnit.SECONDS).join();
            assertEquals(new Event("e", 7, "@bob", "ice", "p", null), heard.poll(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void closesOnAFrameThatCannotBeRead() {
        try (ScriptedRelay relay = ScriptedRelay.speaking(greeting(frame -> List.of("{\"type\":")));
                Carrier carrier = Carrier.to(relay.address());
                RelaySocket socket = open(carrier, Greeting.HEADER)) {
            assertThrows(CompletionException.class, () -> socket.send("@bob", "offer", "x")
                    .orTimeout(10, TimeUnit.SECONDS)
                    .join());
            assertFalse(socket.isOpen());
        }
    }

    @Test
    void isRefusedWithoutAGoodToken() {
        try (ScriptedRelay relay = ScriptedRelay.speaking(frame -> List.of("close 4401"));
                Carrier carrier = Carrier.to(relay.address())) {
            RelayRefused refused = assertThrows(RelayRefused.class, () -> open(carrier, Greeting.FRAME));
            assertEquals("not_signed_in", refused.code());
        }
    }

    private RelaySocket open(Carrier carrier, Greeting greeting) {
        return RelaySocket.open(carrier, "token", greeting, new RelaySocket.Listener() {
            @Override
            public void event(Event event) {
                heard.add(event);
            }

            @Override
            public void closed(int code) {
                heard.add(code);
            }
        });
    }

    private static Function<String, List<String>> greeting() {
        return greeting(frame -> List.of());
    }

    private static Function<String, List<String>> greeting(Function<String, List<String>> then) {
        return frame -> frame.equals("open") ? List.of(Scripts.READY) : then.apply(frame);
    }

    private static String id(String frame) {
        return String.valueOf(Json.map(frame).get("id"));
    }
}
