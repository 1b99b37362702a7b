// SPDX-License-Identifier: MIT
package org.handshaker.support;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * HTTP as bytes on a socket, for what a well-behaved client cannot send: a foreign {@code Host}, a header twice, a body that
 * is too long, a request line that is none. One connection per request; every answer is held against the contract unless the
 * request was no HTTP.
 */
public final class RawHttp {
    public static final String PASSWORD = "correct horse battery";

    private static final List<String> FORBIDDEN_HEADERS =
            List.of("Server", "X-Powered-By", "Set-Cookie", "Date", "ETag", "Last-Modified", "Onion-Location");
    private static final int ANSWER_MILLIS_MAX = 40_000;

    private final String host;
    private final int port;
    /** What comes before HTTP: tor's PROXY line, where the relay stands behind tor. */
    private final String preface;

    /** @param url {@code http://127.0.0.1:PORT} */
    public RawHttp(String url) {
        this(URI.create(url).getHost(), URI.create(url).getPort(), "");
    }

    private RawHttp(String host, int port, String preface) {
        this.host = host;
        this.port = port;
        this.preface = preface;
    }

    /** The same relay, through tor, which says this number for the circuit. */
    public RawHttp onCircuit(int circuit) {
        String source = "fc00:dead:beef:4dad::0:" + Integer.toHexString(circuit);
        return new RawHttp(host, port, "PROXY TCP6 " + source + " ::1 " + circuit + " 80\r\n");
    }

    public String authority() {
        return host + ":" + port;
    }

    /** What came back; header names in lower case. */
    public record Answer(int status, Map<String, List<String>> headers, String body) {
        public Optional<String> header(String name) {
            return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)))
                    .map(values -> values.get(0));
        }

        /** Fails unless this is that refusal, behind all the headers that every answer carries. */
        public Answer assertRefused(int expectedStatus, String code) {
            assertEquals(expectedStatus, status, body.strip());
            assertTrue(body.contains("\"code\":\"" + code + "\""), body.strip());
            return assertGuarded();
        }

        /** Fails unless every header is there that must be, and none that must not. */
        public Answer assertGuarded() {
            assertEquals("no-store", header("Cache-Control").orElse(""));
            assertEquals("nosniff", header("X-Content-Type-Options").orElse(""));
            assertEquals("no-referrer", header("Referrer-Policy").orElse(""));
            String policy = header("Content-Security-Policy").orElse("");
            assertTrue(policy.startsWith("default-src 'none'"), policy);
            assertTrue(policy.contains("frame-ancestors 'none'"), policy);
            assertFalse(policy.contains("unsafe"), policy);
            for (String forbidden : FORBIDDEN_HEADERS) {
                assertTrue(header(forbidden).isEmpty(), forbidden);
            }
            assertTrue(headers.keySet().stream().noneMatch(name -> name.startsWith("access-control-")));
            boolean mustSayWhen = status == 429 || status == 503 || status == 507;
            assertEquals(mustSayWhen, header("Retry-After").isPresent());
            return this;
        }
    }

    /** One request to be; {@link #send()} sends it. */
    public final class Request {
        private final String method;
        private final String target;
        private final List<String> headers = new ArrayList<>();
        private String hostHeader = authority();
        private byte @Nullable [] body;

        private Request(String method, String target) {
            this.method = method;
            this.target = target;
        }

        /** Adds a header, even if it is there already. */
        public Request header(String name, String value) {
            headers.add(name + ": " + value);
            return this;
        }

        public Request host(String value) {
            hostHeader = value;
            return this;
        }

        public Request token(@Nullable String token) {
            return token == null ? this : header("Authorization", "Bearer " + token);
        }

        public Request json(String text) {
            return header("Content-Type", "application/json").body(text.getBytes(UTF_8));
        }

        public Request body(byte[] bytes) {
            body = bytes;
            return this;
        }

        public Answer send() {
            Answer answer = sendUnchecked();
            // The answer to HEAD has the headers of a body and no body.
            if (!method.equals("HEAD")) {
                @Nullable String contentType = answer.header("content-type").orElse(null);
                OpenApi.contract().check(method, target, answer.status(), contentType, answer.body());
                if (answer.status() < 300) {
                    OpenApi.contract().checkTaken(method, target, body == null ? "" : new String(body, UTF_8));
                }
            }
            return answer;
        }

        /** For requests so odd that the contract cannot tell what they are. */
        public Answer sendUnchecked() {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            bytes.writeBytes(
                    (preface + method + " " + target + " HTTP/1.1\r\nHost: " + hostHeader + "\r\nConnection: close\r\n")
                            .getBytes(UTF_8));
            headers.forEach(header -> bytes.writeBytes((header + "\r\n").getBytes(UTF_8)));
            if (body != null) {
                bytes.writeBytes(("Content-Length: " + body.length + "\r\n").getBytes(UTF_8));
            }
            bytes.writeBytes("\r\n".getBytes(UTF_8));
            if (body != null) {
                bytes.writeBytes(body);
            }
            return exchange(bytes.toByteArray());
        }
    }

    /** Registers a user, whose password is {@link #PASSWORD}, and returns the access token. */
    public String signUp(String username) {
        Answer answer = request("POST", "/auth/register")
                .json("{\"username\":\"" + username + "\",\"password\":\"" + PASSWORD + "\"}")
                .send();
        assertEquals(201, answer.status(), answer.body().strip());
        return answer.body().replaceFirst("(?s).*\"access_token\":\"([^\"]+)\".*", "$1");
    }

    public Request request(String method, String target) {
        return new Request(method, target);
    }

    /** Sends exactly these bytes and reads one answer. */
    public Answer exchange(byte[] request) {
        try (Socket socket = new Socket(InetAddress.getByName(host), port)) {
            socket.setSoTimeout(ANSWER_MILLIS_MAX);
            try {
                OutputStream out = socket.getOutputStream();
                out.write(request);
                out.flush();
            } catch (IOException answeredEarly) {
                // The relay may have said its no and hung up; whether it can still be read is what the test wants to
                // know.
                return read(socket.getInputStream());
            }
            return read(socket.getInputStream());
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** For bytes after which no more will come: an answer of status 0 says that the relay closed without a word. */
    public Answer exchangeAndHangUp(byte[] request) {
        try (Socket socket = new Socket(InetAddress.getByName(host), port)) {
            socket.setSoTimeout(ANSWER_MILLIS_MAX);
            socket.getOutputStream().write(request);
            socket.shutdownOutput();
            return read(socket.getInputStream());
        } catch (IOException closed) {
            return new Answer(0, Map.of(), "");
        }
    }

    static Answer read(InputStream in) throws IOException {
        String statusLine = line(in);
        if (statusLine.length() < 12) {
            throw new IOException("no HTTP answer: " + statusLine);
        }
        int status = Integer.parseInt(statusLine.substring(9, 12));
        Map<String, List<String>> headers = new TreeMap<>();
        for (String header = line(in); !header.isEmpty(); header = line(in)) {
            int colon = header.indexOf(':');
            headers.computeIfAbsent(header.substring(0, colon).toLowerCase(Locale.ROOT), name -> new ArrayList<>())
                    .add(header.substring(colon + 1).strip());
        }
        if (status < 200 || status == 204) {
            return new Answer(status, headers, "");
        }
        List<String> length = headers.getOrDefault("content-length", List.of());
        byte[] body = length.isEmpty() ? in.readAllBytes() : in.readNBytes(Integer.parseInt(length.get(0)));
        return new Answer(status, headers, new String(body, UTF_8));
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            if (next != '\r') {
                line.write(next);
            }
        }
        return line.toString(ISO_8859_1);
    }
}
