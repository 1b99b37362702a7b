// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.handshaker.client.Carrier;
import org.handshaker.client.RelayAddress;
import org.handshaker.client.RelayClient;
import org.handshaker.client.RelaySocket;
import org.handshaker.client.RelayUnreachable;
import org.handshaker.core.Secrets;
import org.handshaker.support.Await;
import org.handshaker.support.Markers;
import org.handshaker.support.RawHttp;
import org.handshaker.support.TracedRelay;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nothing is written about people: every request carries canaries of its own wherever a client can put anything, well-formed or
 * not, and afterwards, and after the program was made to run out of memory, to crash and to abort, none is in its output or in
 * any file that it touched. {@code -Dcanary.requests=N}, {@code -Dseed=N}.
 */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class CanaryTest {
    private static final int REQUESTS = Integer.getInteger("canary.requests", 100_000);
    private static final int THREADS = 4;
    private static final int READERS = 16;
    private static final int ABRT = 134;
    /** Of {@code -XX:+ExitOnOutOfMemoryError}. */
    private static final int OUT_OF_MEMORY = 3;

    private static final String[] TARGETS = {
        "/auth/login",
        "/auth/register",
        "/auth/refresh",
        "/auth/forgot-password",
        "/auth/reset-password",
        "/auth/key-challenge",
        "/auth/key-login",
        "/events",
        "/events/ack",
        "/signaling/send",
        "/signaling/poll",
        "/signaling/clear",
        "/users/search",
        "/users/me",
        "/users/public-keys",
        "/connections/request",
        "/connections/respond",
        "/connections/blocks",
        "/health",
        "/ws",
        "/admin/status",
        "/openapi.yaml",
        "/"
    };
    private static final String[] METHODS = {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"};
    private static final String[] FIELDS = {
        "username",
        "password",
        "refresh_token",
        "retry_id",
        "otp",
        "reset_id",
        "challenge_id",
        "response",
        "to_user",
        "kind",
        "type",
        "payload",
        "encrypted_payload",
        "id",
        "puzzle",
        "pgp_public_key",
        "intro",
        "request_id",
        "up_to"
    };

    @TempDir
    private Path home;

    private final long seed = Long.getLong("seed", new Random().nextLong());
    private final String tag = "Zq" + HexFormat.of().formatHex(Secrets.randomBytes(6));
    private final Markers markers = new Markers();
    private final AtomicInteger canaries = new AtomicInteger();
    private final AtomicInteger answers = new AtomicInteger();

    @Test
    void noCanaryIsWrittenAnywhereWhateverHappens() throws Exception {
        System.out.println("canary: seed " + seed);
        markers.add("a canary", tag);
        try (TracedRelay relay = start()) {
            RawHttp http = new RawHttp(relay.address());
            String token = http.signUp("ann" + tag.toLowerCase(Locale.ROOT));
            hail(relay, token, REQUESTS);
            signal(relay, "QUIT");
            hail(relay, token, 200);
            signal(relay, "SEGV");
            // The JVM's own handler: it says so and exits.
            assertEquals(1, relay.awaitExit(60));
            assertTrue(relay.said().contains("SIGSEGV"), "it was to crash");
            nothingIsWritten(relay, "after a crash");
        }
        try (TracedRelay relay = start()) {
            String token = new RawHttp(relay.address()).signUp("bob" + tag.toLowerCase(Locale.ROOT));
            hail(relay, token, 500);
            signal(relay, "ABRT");
            assertEquals(ABRT, relay.awaitExit(60));
            nothingIsWritten(relay, "after an abort");
        }
        try (TracedRelay relay = start("-Xms32m", "-Xmx32m", "-Xmn8m")) {
            swell(relay);
            assertEquals(OUT_OF_MEMORY, relay.awaitExit(120));
            nothingIsWritten(relay, "after it ran out of memory");
        }
        System.out.println("canary: " + canaries + " canaries, " + answers + " answers, 0 found");
    }

    private TracedRelay start(String... jvmOptions) throws IOException {
        return TracedRelay.start(
                home,
                TracedRelay.filesOnly(),
                List.of(jvmOptions),
                "--data",
                home.resolve("data").toString(),
                "--key-file",
                home.resolve("key").toString(),
                "--listen",
                "127.0.0.1:0",
                "--tor",
                "none",
                "--limits",
                "off",
                "--puzzle",
                "off",
                "--argon2",
                "m=1024,t=1,p=1",
                "--linger",
                "30s");
    }

    private static void signal(TracedRelay relay, String name) throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("kill", "-" + name, Long.toString(relay.pid()))
                        .start()
                        .waitFor());
    }

    private void hail(TracedRelay relay, String token, int requests) throws Exception {
        URI address = URI.create(relay.address());
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Callable<Integer>> tasks = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                Random random = new Random(seed + 31L * i + requests);
                tasks.add(() -> hail(address, token, random, requests / THREADS));
            }
            for (Future<Integer> task : threads.invokeAll(tasks)) {
                assertTrue(task.get() > 0);
            }
        } catch (ExecutionException noAnswer) {
            // What its threads do tells why.
            signal(relay, "QUIT");
            Await.until("the relay's threads", 20, () -> relay.said().contains("Full thread dump"));
            throw new AssertionError(relay.said(), noAnswer);
        } finally {
            threads.shutdownNow();
        }
    }

    /** Several requests to a connection, until the relay closes it: after most malformed ones. */
    private int hail(URI address, String token, Random random, int requests) throws IOException {
        int sent = 0;
        while (sent < requests) {
            try (Socket socket = new Socket(InetAddress.getByName(address.getHost()), address.getPort())) {
                socket.setSoTimeout(20_000);
                boolean isOpen = true;
                String before = "nothing";
                while (isOpen && sent < requests) {
                    sent++;
                    byte[] request = request(token, random, address.getAuthority());
                    socket.getOutputStream().write(request);
                    try {
                        // The answer to a HEAD has a length and no body.
                        isOpen = request[0] != 'H' && isAnswered(socket.getInputStream());
                    } catch (SocketTimeoutException noAnswer) {
                        throw new IOException(
                                "not answered: " + new String(request, StandardCharsets.UTF_8) + "\nafter: " + before,
                                noAnswer);
                    }
                    before = new String(request, StandardCharsets.UTF_8);
                }
            } catch (java.net.SocketException cutOff) {
                // It hangs up on what is no HTTP.
            }
        }
        return sent;
    }

    private String canary() {
        return tag + canaries.incrementAndGet();
    }

    /** Anything a client can say, with a canary in every place that is its own to fill. */
    private byte[] request(String token, Random random, String authority) {
        String method = random.nextInt(30) == 0 ? canary() : METHODS[random.nextInt(METHODS.length)];
        String target = TARGETS[random.nextInt(TARGETS.length)];
        switch (random.nextInt(5)) {
            case 0 -> target = target + "/" + canary();
            case 1 -> target = target + "?" + canary() + "=" + canary() + "&wait=" + canary() + "&q=" + canary();
            case 2 -> target = "/" + canary() + "/%" + canary() + "/..;/" + canary();
            default -> {}
        }
        String body = body(random);
        StringBuilder head = new StringBuilder();
        head.append(method)
                .append(' ')
                .append(target)
                .append(random.nextInt(40) == 0 ? " HTTP/" + canary() : " HTTP/1.1");
        head.append("\r\nHost: ").append(random.nextInt(30) == 0 ? canary() : authority);
        head.append("\r\nUser-Agent: ")
                .append(canary())
                .append("\r\nCookie: a=")
                .append(canary());
        head.append("\r\nX-").append(canary()).append(": ").append(canary());
        head.append("\r\nX-Forwarded-For: ")
                .append(canary())
                .append("\r\nReferer: http://")
                .append(canary());
        head.append("\r\nAuthorization: Bearer ")
                .append(
                        switch (random.nextInt(3)) {
                            case 0 -> canary();
                            case 1 -> "eyJhbGciOiJIUzI1NiJ9." + canary() + "." + canary();
                            default -> token;
                        });
        if (random.nextInt(20) == 0) {
            head.append("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: ")
                    .append(random.nextBoolean() ? "13" : canary())
                    .append("\r\nSec-WebSocket-Protocol: ")
                    .append(canary())
                    .append("\r\nSec-WebSocket-Key: ")
                    .append(canary());
        }
        if (random.nextInt(40) == 0) {
            head.append("\r\n").append(canary());
        }
        if (random.nextInt(40) == 0) {
            head.append("\r\nTransfer-Encoding: chunked\r\n\r\n").append(canary());
            return (head + "\r\n").getBytes(StandardCharsets.UTF_8);
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        head.append("\r\nContent-Type: ").append(random.nextInt(10) == 0 ? canary() : "application/json");
        head.append("\r\nContent-Length: ").append(random.nextInt(60) == 0 ? canary() : Integer.toString(bytes.length));
        head.append("\r\n\r\n").append(body);
        return head.toString().getBytes(StandardCharsets.UTF_8);
    }

    private String body(Random random) {
        StringBuilder body = new StringBuilder("{");
        int fields = random.nextInt(5);
        for (int i = 0; i < fields; i++) {
            String name = random.nextInt(6) == 0 ? canary() : FIELDS[random.nextInt(FIELDS.length)];
            String value =
                    switch (random.nextInt(6)) {
                        case 0 -> "[\"" + canary() + "\"]";
                        case 1 -> "{\"" + canary() + "\":1}";
                        case 2 -> canary();
                        default -> "\"" + canary() + "\"";
                    };
            body.append(i == 0 ? "" : ",")
                    .append('"')
                    .append(name)
                    .append("\":")
                    .append(value);
        }
        return body + (random.nextInt(10) == 0 ? canary() : "}");
    }

    /** Reads one answer; whether another request may follow on this connection. */
    private boolean isAnswered(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.length() < 16_384 && head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                return false;
            }
            head.append((char) next);
        }
        answers.incrementAndGet();
        String lower = head.toString().toLowerCase(Locale.ROOT);
        int length = lower.indexOf("content-length: ");
        boolean goesOn = lower.startsWith("http/1.1 ")
                && !lower.contains("connection: close")
                && !lower.startsWith("http/1.1 101");
        if (length < 0 || !goesOn) {
            return goesOn && lower.startsWith("http/1.1 204");
        }
        int bytes = Integer.parseInt(lower.substring(length + 16, lower.indexOf('\r', length)));
        byte[] body = new byte[bytes];
        int read = 0;
        try {
            while (read < bytes) {
                int more = in.read(body, read, bytes - read);
                if (more < 0) {
                    return false;
                }
                read += more;
            }
            return true;
        } catch (SocketTimeoutException noMore) {
            throw new IOException("only " + read + " bytes of the body came after:\n" + head, noMore);
        }
    }

    /** More unacked events than its heap can hold: each waits in memory for its reader, who is there and says nothing. */
    private void swell(TracedRelay relay) {
        try (Carrier carrier = Carrier.to(RelayAddress.parse(relay.address()))) {
            RelayClient sender = new RelayClient(carrier);
            sender.register(tag.toLowerCase(Locale.ROOT) + "_out", RawHttp.PASSWORD);
            String name = tag.toLowerCase(Locale.ROOT) + "_in_";
            for (int i = 0; i < READERS; i++) {
                RelayClient reader = new RelayClient(carrier);
                reader.register(name + i, RawHttp.PASSWORD);
                sender.request("@" + name + i);
                reader.request("@" + tag + "_out");
                reader.socket(event -> {});
            }
            RelaySocket socket = sender.socket(event -> {});
            for (int i = 0; i < 60 * READERS && relay.isAlive(); i++) {
                String payload = canary().repeat(10_000).substring(0, 60_000);
                var unused = socket.send("@" + name + i % READERS, "message", payload);
            }
            relay.awaitExit(60);
        } catch (RelayUnreachable itHasEnded) {
            relay.awaitExit(60);
        }
    }

    private void nothingIsWritten(TracedRelay relay, String when) throws IOException {
        List<Path> files = new ArrayList<>(Markers.filesUnder(home));
        // Strace's own list is not the relay's.
        files.removeIf(file -> file.getFileName().toString().startsWith("strace-"));
        for (Path touched : relay.touched()) {
            assertTrue(
                    touched.startsWith(home) || touched.startsWith("/dev") || touched.startsWith("/proc/self"),
                    () -> when + " it touched " + touched);
        }
        assertEquals(Map.of(), markers.in(files), when);
        assertTrue(relay.said().length() < 200_000, "it talks too much");
    }
}
