// SPDX-License-Identifier: MIT
package org.handshaker.support;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A WebSocket to {@code /ws} that says whatever a test wants said, and remembers what came back. */
public final class RawSocket implements AutoCloseable, WebSocket.Listener {
    private static final int SECONDS_MAX = 10;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final BlockingQueue<JsonNode> frames = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final StringBuilder parts = new StringBuilder();
    private final WebSocket socket;

    private RawSocket(String url, @Nullable String token) {
        WebSocket.Builder builder = HttpClient.newHttpClient().newWebSocketBuilder();
        if (token != null) {
            builder.header("Authorization", "Bearer " + token);
        }
        socket = builder.buildAsync(URI.create(url.replaceFirst("^http", "ws") + "/ws"), this)
                .join();
    }

    /** Opens without saying who. */
    public static RawSocket open(String url) {
        return new RawSocket(url, null);
    }

    /** Opens signed in, and takes the {@code ready}. */
    public static RawSocket open(String url, String token) {
        RawSocket socket = new RawSocket(url, token);
        JsonNode ready = socket.next();
        if (!ready.path("type").asText().equals("ready")) {
            throw new AssertionError("expected ready, got " + ready);
        }
        return socket;
    }

    public void send(String frame) {
        socket.sendText(frame, true).join();
    }

    /** For a frame that may come too late. */
    public void sendIfOpen(String frame) {
        var unused = socket.sendText(frame, true)
                .exceptionally(closedAlready -> socket)
                .join();
    }

    public void sendBinary(byte[] bytes) {
        socket.sendBinary(ByteBuffer.wrap(bytes), true).join();
    }

    /** The next frame, news of presence left out. */
    public JsonNode next() {
        try {
            @Nullable JsonNode frame = frames.poll(SECONDS_MAX, TimeUnit.SECONDS);
            if (frame == null) {
                throw new AssertionError("no frame came within " + SECONDS_MAX + " s; closed with " + closed.getNow(0));
            }
            return frame;
        } catch (InterruptedException stopped) {
            throw new IllegalStateException("interrupted while waiting for a frame", stopped);
        }
    }

    /** Waits for the close and returns its code; 1006 where the relay hung up without one. */
    public int closeCode() {
        return closed.completeOnTimeout(0, SECONDS_MAX, TimeUnit.SECONDS).join();
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean isLast) {
        parts.append(data);
        if (isLast) {
            try {
                JsonNode frame = JSON.readTree(parts.toString());
                if (!frame.path("type").asText().equals("presence")) {
                    frames.add(frame);
                }
            } catch (JsonProcessingException noJson) {
                closed.completeExceptionally(new AssertionError("the relay sent no JSON: " + parts, noJson));
            }
            parts.setLength(0);
        }
        from.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
        closed.complete(code);
        return null;
    }

    @Override
    public void onError(WebSocket from, Throwable failure) {
        closed.complete(1006);
    }

    @Override
    public void close() {
        socket.abort();
    }
}
