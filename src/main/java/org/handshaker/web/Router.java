// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.handshaker.core.Caller;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.jspecify.annotations.Nullable;

/**
 * Takes every request: host, route, who calls, rate, body, door, endpoint, answer, in that order, each step refusing by default.
 * It knows no feature. Whatever escapes an endpoint that is not a refusal is a bug and answered as {@code internal}, with
 * nothing about it.
 */
final class Router extends Handler.Abstract {
    private static final String BEARER = "Bearer ";
    /** Of a line that strains the relay: as much comes and goes on any day. */
    private static final double CALM = 0.25;

    private static final String STRICT_POLICY =
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    private final List<Route> routes;
    private final Authenticator authenticator;
    private final Gate gate;
    private final Hosts hosts;
    private final boolean pads;
    private final IntSupplier inLine;
    /** Kept of bodies that are not complete. */
    private final AtomicLong bodyBytes = new AtomicLong();

    private volatile boolean stopping;
    private volatile Consumer<Reason> whenRefused = reason -> {};

    /** @param inLine how many requests wait for a thread */
    Router(List<Route> routes, Authenticator authenticator, Gate gate, Hosts hosts, boolean pads, IntSupplier inLine) {
        this.routes = routes.stream()
                .sorted(Comparator.comparingInt(Route::literals).reversed())
                .toList();
        this.authenticator = authenticator;
        this.gate = gate;
        this.hosts = hosts;
        this.pads = pads;
        this.inLine = inLine;
    }

    /** From now on everything is answered with {@code shutting_down}. */
    void stopIntake() {
        stopping = true;
    }

    /** @param told hears why, each time that somebody is refused */
    void whenRefused(Consumer<Reason> told) {
        whenRefused = told;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        // A request may wait for what it likes, and must not keep others from what the one before it had for them.
        Turn.beforeWaiting();
        Exchange exchange = new Exchange(request, response, callback);
        try {
            exchange.run();
        } catch (RuntimeException refusedOrBroken) {
            exchange.refuse(refusedOrBroken);
        }
        return true;
    }

    /** One request on its way through. */
    private final class Exchange {
        private final Request request;
        private final Response response;
        private final Callback callback;
        /** Who calls, once that is known; nobody before, and where nobody is asked. */
        private volatile @Nullable Caller caller;
        /** Whether its body was read, or is not going to be. */
        private volatile boolean isRead;

        Exchange(Request request, Response response, Callback callback) {
            this.request = request;
            this.response = response;
            this.callback = callback;
        }

        void run() {
            if (!hosts.answersTo(request.getHeaders().get(HttpHeader.HOST))) {
                throw Reason.MISDIRECTED.refuse();
            }
            if (stopping) {
                throw Reason.SHUTTING_DOWN.refuse();
            }
            List<String> segments = segments();
            String method = request.getMethod();
            if (method.equals("OPTIONS") && hosts.mayRead(origin())) {
                answer(Reply.noContent());
                return;
            }
            boolean isHead = method.equals("HEAD");
            TreeSet<String> allowed = new TreeSet<>();
            for (Route route : routes) {
                Optional<Map<String, String>> path = route.match(segments);
                if (path.isPresent()) {
                    if (route.method().equals(method) || (isHead && route.takesHead())) {
                        enter(route, path.get());
                        return;
                    }
                    allowed.add(route.method());
                }
            }
            if (allowed.isEmpty()) {
                throw Reason.NOT_FOUND.refuse();
            }
            whenRefused.accept(Reason.METHOD_NOT_ALLOWED);
            answer(Problem.methodNotAllowed(String.join(", ", allowed)));
        }

        private List<String> segments() {
            @Nullable String path = request.getHttpURI().getCanonicalPath();
            @Nullable String decoded = path == null ? null : org.eclipse.jetty.util.URIUtil.decodePath(path);
            if (decoded == null || !decoded.startsWith("/")) {
                throw Reason.NOT_FOUND.refuse();
            }
            return Route.segments(decoded);
        }

        private void enter(Route route, Map<String, String> path) {
            if (route.socket() != null) {
                openSocket(route, route.socket(), path);
                return;
            }
            @Nullable Caller known = route.access() == Access.USER ? authenticator.authenticate(bearerToken()) : null;
            caller = known;
            OptionalInt circuit = CircuitConnection.circuitOf(request);
            gate.pass(route.cost(), known, circuit);
            if (known == null && !route.door().knowsDevices()) {
                gate.passAsStranger(route.cost());
            }
            Map<String, String> query = query();
            isRead = true;
            CompletionStage<Reply> unused = BodyReader.read(request, route.bodyBytesMax(), bodyBytes)
                    .thenCompose(body -> {
                        if (body.length > 0) {
                            requireJson(route);
                        }
                        Call call = new Call(known, circuit, path, query, body);
                        return answerTo(route, call).whenComplete((reply, thrown) -> call.forget());
                    })
                    .whenComplete((reply, thrown) -> {
                        if (thrown == null) {
                            answer(reply);
                        } else {
                            refuse(thrown);
                        }
                    });
        }

        private CompletionStage<Reply> answerTo(Route route, Call call) {
            try {
                askAtTheDoor(route, call);
                return route.isHeavy()
                        ? gate.admit(call.standing(), () -> now(route, call))
                        : route.endpoint().handle(call);
            } catch (RuntimeException refusedOrBroken) {
                return CompletableFuture.failedFuture(refusedOrBroken);
            }
        }

        /** Known devices first, before strangers' share is touched: nobody who floods it keeps them out. */
        private void askAtTheDoor(Route route, Call call) {
            Door door = route.door();
            if (door.knowsDevices()) {
                boolean goesAhead = door.device(call)
                        .filter(user -> gate.passAsDevice(route.cost(), user))
                        .isPresent();
                if (goesAhead) {
                    call.goesAhead();
                } else {
                    gate.passAsStranger(route.cost());
                }
            }
            door.demand(call);
        }

        private Reply now(Route route, Call call) {
            CompletionStage<Reply> reply = route.endpoint().handle(call);
            return reply.toCompletableFuture().join();
        }

        private void openSocket(Route route, SocketEndpoint socket, Map<String, String> path) {
            HttpFields headers = request.getHeaders();
            if (!hosts.mayOpenSocket(origin(), headers.get(HttpHeader.HOST))) {
                throw Reason.ORIGIN_REFUSED.refuse();
            }
            @Nullable
            Caller caller =
                    headers.contains(HttpHeader.AUTHORIZATION) ? authenticator.authenticate(bearerToken()) : null;
            OptionalInt circuit = CircuitConnection.circuitOf(request);
            gate.pass(route.cost(), caller, circuit);
            if (caller == null) {
                gate.passAsStranger(route.cost());
            }
            // Before the upgrade: what is refused within it, Jetty answers as a fault of ours.
            Object endpoint = socket.open(caller, circuit, path);
            ServerWebSocketContainer container = ServerWebSocketContainer.get(request.getContext());
            boolean upgraded = container != null
                    && container.upgrade(
                            (upgradeRequest, upgradeResponse, upgradeCallback) -> {
                                // Never permessage-deflate: its buffers cost 112 KiB a socket and its lengths tell.
                                upgradeResponse.setExtensions(List.of());
                                return endpoint;
                            },
                            request,
                            response,
                            callback);
            if (!upgraded) {
                throw Reason.MALFORMED.refuse("This path takes a WebSocket upgrade only.");
            }
        }

        private String bearerToken() {
            @Nullable String header = request.getHeaders().get(HttpHeader.AUTHORIZATION);
            if (header == null || !header.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
                throw Reason.NOT_SIGNED_IN.refuse();
            }
            return header.substring(BEARER.length()).strip();
        }

        private Map<String, String> query() {
            try {
                Map<String, String> query = new HashMap<>();
                for (Fields.Field field : Request.extractQueryParameters(request)) {
                    if (field.hasMultipleValues()) {
                        throw Reason.MALFORMED.refuse("A query parameter is given twice.");
                    }
                    query.put(field.getName(), field.getValue());
                }
                return query;
            } catch (IllegalArgumentException undecodable) {
                throw Reason.MALFORMED.refuse("The query could not be read.");
            }
        }

        private void requireJson(Route route) {
            boolean isUnread = route.method().equals("GET");
            @Nullable String type = request.getHeaders().get(HttpHeader.CONTENT_TYPE);
            if (!isUnread && (type == null || !isJson(type))) {
                throw Reason.UNSUPPORTED_MEDIA_TYPE.refuse();
            }
        }

        private boolean isJson(String type) {
            int semicolon = type.indexOf(';');
            String essence = semicolon < 0 ? type : type.substring(0, semicolon);
            return essence.strip().equalsIgnoreCase(Reply.JSON);
        }

        private @Nullable String origin() {
            return request.getHeaders().get(HttpHeader.ORIGIN);
        }

        /** Later, where it goes to a stranger and others wait: that keeps a connection waiting, and no thread. */
        void refuse(Throwable thrown) {
            Reply problem = problem(thrown);
            long millis = caller == null ? waitMillis(problem) : 0;
            if (millis == 0) {
                answer(problem);
            } else {
                request.getComponents().getScheduler().schedule(() -> answer(problem), millis, TimeUnit.MILLISECONDS);
            }
        }

        private long waitMillis(Reply problem) {
            boolean isHammering = problem.status() == Reason.TOO_FAST.status()
                    && gate.isHammering(CircuitConnection.circuitOf(request));
            return Math.max(
                    isHammering ? Limits.CIRCUIT_REFUSAL_WAIT.toMillis() : 0, strainedMillis(inLine.getAsInt()));
        }

        /** After the body: a connection that is closed on one who still sends takes the answer with it (RFC 9112, 9.6). */
        void answer(Reply reply) {
            if (isRead) {
                write(reply);
            } else {
                isRead = true;
                var unused = BodyReader.drain(request).whenComplete((nothing, brokenOff) -> write(reply));
            }
        }

        private void write(Reply reply) {
            HttpFields.Mutable headers = response.getHeaders();
            addSecurityHeaders(headers);
            addCors(headers);
            reply.headers().forEach(headers::put);
            response.setStatus(reply.status());
            byte[] body = reply.body();
            Callback written = Callback.from(callback, reply.afterwards());
            if (reply.contentType() == null) {
                response.write(true, null, written);
                return;
            }
            byte[] sent = pads ? Padding.pad(body, reply.bytesMin()) : body;
            headers.put(new HttpField(HttpHeader.CONTENT_TYPE, reply.contentType()));
            headers.put(HttpHeader.CONTENT_LENGTH, sent.length);
            response.write(true, ByteBuffer.wrap(sent), written);
        }

        private void addCors(HttpFields.Mutable headers) {
            @Nullable String origin = origin();
            if (origin != null && hosts.mayRead(origin)) {
                headers.put("Access-Control-Allow-Origin", origin);
                headers.put("Vary", "Origin");
                headers.put("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
                headers.put("Access-Control-Allow-Headers", "Authorization, Content-Type");
                headers.put("Access-Control-Expose-Headers", "Retry-After");
                headers.put("Access-Control-Max-Age", "600");
            }
        }
    }

    /** On every answer, Jetty's own error answers included. */
    static void addSecurityHeaders(HttpFields.Mutable headers) {
        headers.put("Cache-Control", "no-store");
        headers.put("X-Content-Type-Options", "nosniff");
        headers.put("Referrer-Policy", "no-referrer");
        headers.put("Content-Security-Policy", STRICT_POLICY);
    }

    /**
     * Refusing is work, too. Whoever asks again as soon as they are refused, from ten thousand circuits, would have everybody
     * wait behind them: so the longer the line is, the later a stranger hears no.
     */
    static long strainedMillis(int inLine) {
        double lines = (double) inLine / Limits.REQUESTS_WAITING_STRAINED;
        long millis = (long) (lines * Limits.STRANGER_REFUSAL_WAIT.toMillis());
        return lines < CALM ? 0 : Math.min(millis, Limits.STRANGER_REFUSAL_WAIT_MAX.toMillis());
    }

    /**
     * Of a relay that stops, a fault of ours and a request that breaks off are no news: what it asks for is closed already, and
     * Jetty ends connections while their requests are read.
     */
    Reason reason(Reason found) {
        boolean isForTheStop = found == Reason.INTERNAL || found == Reason.MALFORMED;
        return stopping && isForTheStop ? Reason.SHUTTING_DOWN : found;
    }

    private Reply problem(Throwable thrown) {
        @Nullable Throwable cause = thrown;
        while (cause instanceof CompletionException) {
            cause = cause.getCause();
        }
        Refused found = cause instanceof Refused refused ? refused : Reason.INTERNAL.refuse();
        Reason reason = reason(found.reason());
        Refused refusal = reason == found.reason() ? found : reason.refuse();
        whenRefused.accept(refusal.reason());
        return Problem.of(refusal);
    }
}
