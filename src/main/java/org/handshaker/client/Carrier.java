// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.CompletableResponseListener;
import org.eclipse.jetty.client.ContentResponse;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.Origin;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Socks5Proxy;
import org.eclipse.jetty.client.transport.HttpClientTransportOverHTTP;
import org.eclipse.jetty.http.HttpCookieStore;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.io.Transport;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.handshaker.core.Secrets;
import org.handshaker.web.Json;
import org.jspecify.annotations.Nullable;

/**
 * Carries calls to one relay: the project's only way out. Each carrier shows a SOCKS proxy random credentials of its own, so
 * that tor gives it circuits which it shares with no other carrier. It says nothing about this machine: no user agent, no
 * cookies, no redirects followed, no name looked up. Every wait and every answer is bounded.
 */
public final class Carrier implements AutoCloseable {
    private static final int ANSWER_BYTES_MAX = 1 << 20;
    private static final int CONNECTIONS_MAX = 512;
    private static final Duration LOCAL_ANSWER = Duration.ofSeconds(20);
    /** A first call through Tor fetches a descriptor and builds two circuits; tor itself gives up after 120 s. */
    private static final Duration ONION_ANSWER = Duration.ofSeconds(125);

    private final RelayAddress address;
    private final Duration answerTime;
    private final HttpClient http;
    private final WebSocketClient sockets;

    private Carrier(RelayAddress address, Duration answerTime, HttpClient http, WebSocketClient sockets) {
        this.address = address;
        this.answerTime = answerTime;
        this.http = http;
        this.sockets = sockets;
    }

    /** Opens a way to a relay; nothing is dialled before the first call. */
    public static Carrier to(RelayAddress address) {
        return to(address, address.proxy().isPresent() ? ONION_ANSWER : LOCAL_ANSWER);
    }

    /** @param answerTime how long a call may take, the way included */
    static Carrier to(RelayAddress address, Duration answerTime) {
        QueuedThreadPool threads = new QueuedThreadPool(24, 2);
        threads.setName("carrier");
        threads.setDaemon(true);
        ClientConnector connector = new ClientConnector();
        connector.setSelectors(1);
        connector.setExecutor(threads);
        HttpClient http = new HttpClient(new Wire(connector, address));
        http.setUserAgentField(null);
        http.setHttpCookieStore(new HttpCookieStore.Empty());
        http.setFollowRedirects(false);
        http.setMaxConnectionsPerDestination(CONNECTIONS_MAX);
        http.setConnectTimeout(10_000);
        http.setSocketAddressResolver((host, port, context, promise) -> RelayAddress.literal(host)
                .ifPresentOrElse(
                        literal -> promise.succeeded(List.of(new InetSocketAddress(literal, port))),
                        () -> promise.failed(new IOException("a name is never looked up here"))));
        address.proxy().ifPresent(proxy -> http.getProxyConfiguration().addProxy(isolated(proxy)));
        WebSocketClient sockets = new WebSocketClient(http);
        sockets.setMaxTextMessageSize(ANSWER_BYTES_MAX);
        sockets.setIdleTimeout(Duration.ofSeconds(75));
        try {
            http.start();
            sockets.start();
        } catch (Exception broken) {
            throw new IllegalStateException("the HTTP client did not start", broken);
        }
        http.getContentDecoderFactories().clear();
        // They would follow redirects and treat a 401 without a challenge header as a broken answer.
        List.of("redirect", "www-authenticate", "proxy-authenticate").forEach(http.getProtocolHandlers()::remove);
        return new Carrier(address, answerTime, http, sockets);
    }

    private static Socks5Proxy isolated(SocketAddress proxy) {
        return Socks.proxy(proxy, Secrets.newToken(), Secrets.newToken());
    }

    public RelayAddress address() {
        return address;
    }

    /**
     * Makes one call.
     *
     * @param patience how long the relay may take beyond its ordinary time, for long-polls
     * @throws RelayRefused if the relay says no
     * @throws RelayUnreachable if no relay answers
     */
    Answer call(String method, String pathAndQuery, @Nullable String bearer, @Nullable Object body, Duration patience) {
        Request request = http.newRequest(origin("http", pathAndQuery)).method(method);
        request.timeout(answerTime().plus(patience).toMillis(), TimeUnit.MILLISECONDS);
        if (bearer != null) {
            request.headers(headers -> headers.put(HttpHeader.AUTHORIZATION, "Bearer " + bearer));
        }
        if (body != null) {
            request.body(new BytesRequestContent("application/json", Json.write(body)));
        }
        return read(await(new CompletableResponseListener(request, ANSWER_BYTES_MAX).send(), patience));
    }

    private Answer read(ContentResponse response) {
        int status = response.getStatus();
        String text = new String(response.getContent(), StandardCharsets.UTF_8);
        Map<String, Object> members;
        try {
            members = text.isBlank() ? Map.of() : Json.map(text);
        } catch (RuntimeException notJson) {
            if (status < 400) {
                throw new RelayUnreachable("What answers at " + address + " is not a Handshaker relay.", notJson);
            }
            members = Map.of();
        }
        Answer answer = new Answer(members);
        if (status >= 200 && status < 300) {
            return answer;
        }
        @Nullable String code = answer.textIfAny("code");
        @Nullable String detail = answer.textIfAny("detail");
        @Nullable String retryAfter = response.getHeaders().get(HttpHeader.RETRY_AFTER);
        throw new RelayRefused(
                status,
                code == null ? "http_" + status : code,
                detail == null ? "The relay answered " + status + "." : detail,
                retryAfter != null && retryAfter.matches("[0-9]{1,6}") ? Integer.parseInt(retryAfter) : 0,
                members);
    }

    /** Waits for an answer and turns what went wrong on the way into one sentence. */
    <T> T await(CompletableFuture<T> answer, Duration patience) {
        Duration longest = answerTime().plus(patience).plusSeconds(2);
        try {
            return answer.get(longest.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new RelayUnreachable("Interrupted while waiting for " + address + ".", stopped);
        } catch (TimeoutException late) {
            answer.cancel(true);
            throw new RelayUnreachable(sentence(late), late);
        } catch (ExecutionException failed) {
            @Nullable Throwable cause = failed.getCause();
            if (cause instanceof RelayRefused refused) {
                throw refused;
            }
            if (cause instanceof RelayUnreachable unreachable) {
                throw unreachable;
            }
            throw new RelayUnreachable(sentence(cause == null ? failed : cause), cause);
        }
    }

    private String sentence(Throwable failure) {
        for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof TimeoutException || cause instanceof SocketTimeoutException) {
                return address + " did not answer in time.";
            }
            String said = String.valueOf(cause.getMessage());
            if (address.proxy().isPresent() && said.contains("SOCKS5")) {
                return "The SOCKS proxy could not reach " + address + " (" + said + ").";
            }
            if (cause instanceof ConnectException) {
                return address.proxy().map(Carrier::noProxy).orElse("Nothing listens at " + address + ".");
            }
            if (address.proxy()
                            .filter(UnixDomainSocketAddress.class::isInstance)
                            .isPresent()
                    && cause instanceof SocketException) {
                return address.proxy().map(Carrier::noProxy).orElseThrow();
            }
            // A Unix socket that is not there, or that nobody serves, is not a ConnectException.
            if (address.socket().isPresent() && cause instanceof SocketException && !said.contains("reset")) {
                return "Nothing listens at " + address + ".";
            }
            if (address.proxy().isPresent() && cause instanceof ClosedChannelException) {
                return "The SOCKS proxy closed the connection to " + address + ".";
            }
            // Jetty's word for a body over the bound.
            if (cause instanceof IllegalArgumentException) {
                return address + " sent more than is read here.";
            }
        }
        return address + " broke off the connection.";
    }

    private static String noProxy(SocketAddress proxy) {
        return "No SOCKS proxy listens at " + Socks.place(proxy) + ".";
    }

    Duration answerTime() {
        return answerTime;
    }

    WebSocketClient sockets() {
        return sockets;
    }

    URI origin(String scheme, String pathAndQuery) {
        return URI.create(scheme + "://" + address.host() + ":" + address.port() + pathAndQuery);
    }

    @Override
    public void close() {
        try {
            sockets.stop();
            http.stop();
        } catch (Exception broken) {
            throw new IllegalStateException("the HTTP client did not stop", broken);
        }
    }

    /** HTTP/1.1 over whatever leads to the relay; a Unix socket takes the place of TCP for calls and sockets alike. */
    private static final class Wire extends HttpClientTransportOverHTTP {
        private final RelayAddress address;

        private Wire(ClientConnector connector, RelayAddress address) {
            super(connector);
            this.address = address;
        }

        @Override
        public Origin newOrigin(Request request) {
            address.socket().ifPresent(path -> request.transport(new Transport.TCPUnix(path)));
            return super.newOrigin(request);
        }
    }
}
