// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.handshaker.core.Caller;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Listen;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Standing;
import org.handshaker.web.Authenticator;
import org.handshaker.web.Gate;
import org.handshaker.web.Hosts;
import org.handshaker.web.Json;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.handshaker.web.WebServer;

/** The real web server with one feature's routes and no limits; a user's id in base64url is the user's token. */
public final class TestWeb implements AutoCloseable {
    private final HttpClient client = HttpClient.newHttpClient();
    private final WebServer server;
    private final String address;

    public TestWeb(List<Route> routes) {
        this(routes, TestWeb::callerOf);
    }

    public TestWeb(List<Route> routes, Authenticator authenticator) {
        server = new WebServer(
                Listen.parse("127.0.0.1:0"),
                WebServer.Front.PLAIN,
                routes,
                authenticator,
                new Open(),
                new Hosts(Set.of()),
                true);
        address = server.start();
    }

    private static Caller callerOf(String token) {
        try {
            return new Caller(Id.parse(token), Id.parse(token));
        } catch (Refused noId) {
            throw Reason.NOT_SIGNED_IN.refuse();
        }
    }

    private static final class Open implements Gate {
        @Override
        public void pass(Cost cost, Caller caller, OptionalInt circuit) {}

        @Override
        public void passAsStranger(Cost cost) {}

        @Override
        public boolean passAsDevice(Cost cost, Id user) {
            return true;
        }

        @Override
        public CompletionStage<Reply> admit(Standing standing, Supplier<Reply> work) {
            return CompletableFuture.completedFuture(work.get());
        }
    }

    /** An answer: its status, and its body as sent but for the padding. */
    public record Answered(int status, String text) {
        public Map<String, Object> json() {
            return Json.map(text);
        }

        /** The problem's code. */
        public Object code() {
            return json().get("code");
        }
    }

    public Answered get(Id user, String path) throws Exception {
        return call("GET", user, path, null);
    }

    public Answered call(String method, Id user, String path, String body) throws Exception {
        return send(method, user.text(), path, body);
    }

    /** With a bearer token, or without any when it is null. */
    public Answered send(String method, String token, String path, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address + path))
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        String contentType = response.headers().firstValue("Content-Type").orElse(null);
        OpenApi.contract().check(method, path, response.statusCode(), contentType, response.body());
        if (response.statusCode() < 300) {
            OpenApi.contract().checkTaken(method, path, body == null ? "" : body);
        }
        return new Answered(response.statusCode(), response.body().stripTrailing());
    }

    @Override
    public void close() {
        server.close();
    }
}
