// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.handshaker.core.Secrets;
import org.handshaker.web.Json;
import org.jspecify.annotations.Nullable;

/** People with access tokens, as many as a measurement needs; what it takes to get them is on nobody's clock. */
final class Crowd {
    private static final Duration ANSWER = Duration.ofSeconds(30);

    private final InetSocketAddress server;
    private final HttpClient http = HttpClient.newHttpClient();
    private final String[] names;
    private final String[] tokens;

    Crowd(InetSocketAddress server, int people) {
        this.server = server;
        this.names = new String[people];
        this.tokens = new String[people];
        IntStream.range(0, people).parallel().forEach(this::register);
    }

    private void register(int person) {
        names[person] = "@c" + HexFormat.of().formatHex(Secrets.randomBytes(8));
        Map<String, Object> answer = call(
                "POST",
                "/auth/register",
                null,
                Map.of("username", names[person], "password", "a password of some length"));
        tokens[person] = String.valueOf(answer.get("access_token"));
    }

    String name(int person) {
        return names[person];
    }

    String token(int person) {
        return tokens[person];
    }

    int size() {
        return names.length;
    }

    InetSocketAddress server() {
        return server;
    }

    /** Asks and accepts, for each pair. */
    void connect(List<int[]> pairs) {
        pairs.parallelStream().forEach(pair -> {
            Map<String, Object> asked =
                    call("POST", "/connections/request", tokens[pair[0]], Map.of("to_user", names[pair[1]]));
            call(
                    "POST",
                    "/connections/respond",
                    tokens[pair[1]],
                    Map.of("request_id", asked.get("request_id"), "action", "accept"));
        });
    }

    String get(String path, String token) {
        try {
            return http.send(
                            HttpRequest.newBuilder(URI.create(
                                            "http://" + server.getHostString() + ":" + server.getPort() + path))
                                    .header("Authorization", "Bearer " + token)
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (Exception broken) {
            throw new CompletionException(broken);
        }
    }

    private Map<String, Object> call(String method, String path, @Nullable String token, Map<String, Object> body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://" + server.getHostString() + ":" + server.getPort() + path))
                .timeout(ANSWER)
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofByteArray(Json.write(body)));
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        try {
            HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() >= 300) {
                throw new IOException(path + ": " + answer.statusCode() + " " + answer.body());
            }
            return Json.map(answer.body());
        } catch (IOException broken) {
            throw new CompletionException(broken);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new CompletionException(stopped);
        }
    }
}
