// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.handshaker.support.Await;
import org.handshaker.support.Program;
import org.handshaker.support.RawHttp;
import org.handshaker.support.SmallDisk;
import org.handshaker.support.WireSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The relay as a program of its own on a file system without a free byte, as people and their clients see it: what would add
 * is refused, all the rest goes on, and service returns with space and by itself.
 */
class FullDiskTest {
    private static final int DISK_MEBIBYTES = 64;
    private static final String LARGE = "x".repeat(60_000);
    private static final String PASSWORD = "{\"password\":\"" + RawHttp.PASSWORD + "\"}";

    @TempDir
    private Path directory;

    private SmallDisk disk;
    private Program relay;
    private RawHttp http;
    private String alice;
    private String bob;

    @BeforeEach
    void aliceAndBobAreConnected() throws IOException {
        Path mount = Files.createDirectory(directory.resolve("disk"));
        disk = SmallDisk.mount(mount, DISK_MEBIBYTES);
        start();
        alice = http.signUp("alice");
        bob = http.signUp("bob");
        post(alice, "/connections/request", "{\"to_user\":\"@bob\"}", 201);
        String request = field(get(bob, "/connections/pending"), "request_id");
        post(bob, "/connections/respond", "{\"request_id\":\"" + request + "\",\"action\":\"accept\"}", 200);
    }

    private void bobGetsMail() {
        for (int i = 0; i < 20; i++) {
            post(alice, "/events", event(LARGE), 202);
        }
        for (int i = 0; i < 5; i++) {
            post(
                    alice,
                    "/signaling/send",
                    "{\"to_user\":\"@bob\",\"type\":\"offer\",\"encrypted_payload\":\"eA\"}",
                    202);
        }
    }

    private void start() throws IOException {
        relay = Program.startIn(
                disk.entering(),
                Files.createTempFile(directory, "relay", ".err"),
                "serve",
                "--tor=none",
                "--listen=127.0.0.1:0",
                "--limits=off",
                "--puzzle=off",
                "--argon2=m=1024,t=1,p=1",
                "--data=" + disk.inside("data"),
                "--key-file=" + directory.resolve("key"));
        http = new RawHttp(relay.awaitLine("ready ", 60).substring("ready ".length()));
    }

    @AfterEach
    void stop() {
        if (relay != null) {
            relay.close();
        }
        if (disk != null) {
            disk.close();
        }
    }

    @Test
    void refusesOnlyWhatAddsAndServesAgainWhenThereIsRoom() throws IOException {
        String second = login("bob");
        String gone = http.signUp("carol");
        for (int round = 0; round < 2; round++) {
            bobGetsMail();
            disk.fill();
            assertEquals(0, disk.freeBytes());
            whatAddsIsRefused();
            nobodyIsShownWhatIsRefused();
            allElseGoesOn();
            disk.empty();
            Await.until("service is back", 10, () -> send(LARGE).status() == 202);
        }
        assertEquals(204, delete(gone, "/auth/account", PASSWORD).status());
        assertEquals(200, http.request("GET", "/users/me").token(second).send().status());
    }

    private void whatAddsIsRefused() {
        // A little still fits into what the WAL has, until the relay looks at the disk again.
        Await.until(
                "the relay has seen that the disk is full",
                10,
                () -> send(LARGE).status() == 507);
        send(LARGE).assertRefused(507, "storage_full");
        http.request("POST", "/auth/register")
                .json("{\"username\":\"erin\",\"password\":\"" + RawHttp.PASSWORD + "\"}")
                .send()
                .assertRefused(507, "storage_full");
        try (WireSocket socket = WireSocket.open(url(), "Authorization: Bearer " + alice)) {
            assertEquals("ready", socket.next().get("type"));
            socket.text(
                    "{\"type\":\"send\",\"id\":\"s1\",\"to_user\":\"@bob\",\"kind\":\"message\",\"payload\":\"eA\"}");
            Map<String, Object> answer = next(socket, "refused");
            assertEquals("s1", answer.get("id"));
            assertEquals("storage_full", answer.get("code"));
        }
    }

    /** Bob is there, and what Alice sends would linger in memory before it came to the disk. */
    private void nobodyIsShownWhatIsRefused() {
        try (WireSocket socket = WireSocket.open(url(), "Authorization: Bearer " + bob)) {
            next(socket, "ready");
            send("bmV2ZXI").assertRefused(507, "storage_full");
            socket.text("{\"type\":\"ping\"}");
            for (Map<String, Object> frame = socket.next(); !"pong".equals(frame.get("type")); frame = socket.next()) {
                assertNotEquals("bmV2ZXI", frame.get("payload"));
            }
        }
    }

    private void allElseGoesOn() throws IOException {
        assertEquals(200, http.request("GET", "/health").send().status());
        String page = get(bob, "/events");
        long seq = Long.parseLong(page.replaceFirst("(?s).*?\"seq\":(\\d+).*", "$1"));
        post(bob, "/events/ack", "{\"up_to\":" + seq + "}", 200);
        assertFalse(get(bob, "/events").contains("\"seq\":" + seq + ","), "what was acked is back");
        // What a delete has freed, another program takes at once.
        disk.fill();
        assertEquals(200, delete(bob, "/signaling/clear", "").status());
        disk.fill();
        String session = login("bob");
        http.request("POST", "/auth/logout").token(session).send();
        assertEquals(401, http.request("GET", "/users/me").token(session).send().status());
        disk.fill();
        throughASocket();
        disk.fill();
        String last = get(bob, "/events?limit=1");
        while (last.contains("\"seq\"")) {
            last = get(bob, "/events?limit=1&ack=" + last.replaceFirst("(?s).*?\"seq\":(\\d+).*", "$1"));
        }
        assertEquals(200, http.request("GET", "/users/me").token(bob).send().status());
    }

    /** Bob reads three events and acks them; they are not there any more. */
    private void throughASocket() {
        try (WireSocket socket = WireSocket.open(url(), "Authorization: Bearer " + bob)) {
            assertEquals("ready", socket.next().get("type"));
            Object seq = null;
            for (int i = 0; i < 3; i++) {
                seq = next(socket, "event").get("seq");
                socket.text("{\"type\":\"ack\",\"up_to\":" + seq + "}");
            }
            socket.text("{\"type\":\"ping\"}");
            next(socket, "pong");
            String gone = "\"seq\":" + seq + ",";
            Await.until("the last ack is done", 10, () -> !get(bob, "/events").contains(gone));
        }
    }

    private static Map<String, Object> next(WireSocket socket, String type) {
        for (int frame = 0; frame < 1_000; frame++) {
            Map<String, Object> next = socket.next();
            if (type.equals(next.get("type"))) {
                return next;
            }
        }
        throw new AssertionError("no frame of type " + type);
    }

    @Test
    void anAccountGoesAndSoDoesTheRelay() throws IOException {
        bobGetsMail();
        disk.fill();
        assertEquals(204, delete(bob, "/auth/account", PASSWORD).status());
        disk.fill();
        relay.terminate();
        assertEquals(0, relay.awaitExit(5));
        assertFalse(relay.errors().contains("Exception"), relay.errors());
        start();
        assertEquals(
                404,
                http.request("GET", "/users/@bob").token(login("alice")).send().status());
        relay.kill();
    }

    @Test
    void whatWasAckedStaysGoneWhenTheRelayIsKilled() throws IOException {
        bobGetsMail();
        disk.fill();
        String page = get(bob, "/events");
        long seq = Long.parseLong(page.replaceFirst("(?s).*\"seq\":(\\d+).*", "$1"));
        post(bob, "/events/ack", "{\"up_to\":" + seq + "}", 200);
        relay.kill();
        relay.awaitExit(10);
        start();
        bob = login("bob");
        String after = get(bob, "/events");
        assertTrue(Long.parseLong(after.replaceFirst("(?s).*?\"seq\":(\\d+).*", "$1")) > seq, after);
        disk.empty();
        Await.until("service is back", 10, () -> send("eA").status() == 202);
    }

    private RawHttp.Answer send(String payload) {
        return http.request("POST", "/events").token(alice).json(event(payload)).send();
    }

    private static String event(String payload) {
        return "{\"to_user\":\"@bob\",\"kind\":\"message\",\"payload\":\"" + payload + "\"}";
    }

    private String get(String token, String target) {
        RawHttp.Answer answer = http.request("GET", target).token(token).send();
        assertEquals(200, answer.status(), answer.body());
        return answer.body();
    }

    private void post(String token, String target, String body, int status) {
        RawHttp.Answer answer =
                http.request("POST", target).token(token).json(body).send();
        assertEquals(status, answer.status(), target + " " + answer.body().strip());
    }

    private RawHttp.Answer delete(String token, String target, String body) {
        RawHttp.Request request = http.request("DELETE", target).token(token);
        return (body.isEmpty() ? request : request.json(body)).send();
    }

    private String login(String name) {
        RawHttp.Answer answer = http.request("POST", "/auth/login")
                .json("{\"username\":\"" + name + "\",\"password\":\"" + RawHttp.PASSWORD + "\"}")
                .send();
        assertEquals(200, answer.status(), answer.body());
        return field(answer.body(), "access_token");
    }

    private static String field(String json, String name) {
        return json.replaceFirst("(?s).*?\"" + name + "\":\"([^\"]+)\".*", "$1");
    }

    private String url() {
        return "http://" + http.authority();
    }
}
