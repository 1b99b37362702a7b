// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.CompletableResponseListener;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.transport.HttpClientTransportOverHTTP;
import org.eclipse.jetty.http.HttpCookieStore;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.handshaker.core.Secrets;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/**
 * Posts to servers that users have named, and so could be anything: only through a SOCKS proxy, with credentials and so
 * circuits of each host's own; a name is resolved by the proxy first, and what it stands for must be an address of the
 * internet, which is then the one that is connected to. TLS is for the name. Nothing is followed, kept or read but the status.
 */
public final class Postman implements AutoCloseable {
    private static final Duration LONGEST = Duration.ofSeconds(60);
    private static final int ANSWER_BYTES_MAX = 16 * 1_024;

    private final Supplier<Optional<String>> socks;
    private final @Nullable Path trusted;
    private final byte[] isolation = Secrets.randomBytes(32);
    private final ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "postman");
        thread.setDaemon(true);
        return thread;
    });

    /** @param socks {@code IP:PORT} or {@code unix:PATH} of the proxy, where there is one at the moment */
    public Postman(Supplier<Optional<String>> socks) {
        this(socks, null);
    }

    /** @param trusted a PKCS#12 store of authorities instead of this JDK's, without a password */
    public Postman(Supplier<Optional<String>> socks, @Nullable Path trusted) {
        this.socks = socks;
        this.trusted = trusted;
    }

    /**
     * Posts, and returns the status of the answer.
     *
     * @throws RelayUnreachable if nobody answers, the name stands for a private address, or there is no proxy
     */
    public int post(URI to, Map<String, String> headers, byte[] body) {
        SocketAddress proxy = socks.get()
                .map(RelayAddress::proxy)
                .orElseThrow(() -> new RelayUnreachable("There is no SOCKS proxy.", null));
        String host = to.getHost().toLowerCase(Locale.ROOT);
        // The same host meets the same circuit, and no other host does.
        String password = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(Vault.hmac(isolation, host.getBytes(StandardCharsets.US_ASCII)));
        try {
            String target = host.endsWith(".onion") ? host : resolved(host, proxy, password);
            return post(to, host, target, proxy, password, headers, body);
        } catch (IOException | TimeoutException | ExecutionException failed) {
            throw new RelayUnreachable("The server does not answer through the proxy.", failed);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw new RelayUnreachable("Interrupted.", stopping);
        }
    }

    private String resolved(String host, SocketAddress proxy, String password) throws IOException {
        InetAddress address;
        try (SocksChannel channel = SocksChannel.open(proxy, "push", password, LONGEST, clock)) {
            address = channel.resolve(host);
        }
        if (!PublicAddress.isPublic(address)) {
            throw new IOException("the name stands for an address that is not public");
        }
        return address.getHostAddress();
    }

    private int post(
            URI to,
            String host,
            String target,
            SocketAddress proxy,
            String password,
            Map<String, String> headers,
            byte[] body)
            throws InterruptedException, TimeoutException, ExecutionException {
        HttpClient http = client(host);
        http.getProxyConfiguration().addProxy(Socks.proxy(proxy, "push", password));
        try {
            http.start();
            http.getContentDecoderFactories().clear();
            http.getProtocolHandlers().clear();
            Request request = http.newRequest(address(to, target))
                    .method("POST")
                    .timeout(LONGEST.toMillis(), TimeUnit.MILLISECONDS)
                    .body(new BytesRequestContent(body))
                    .headers(fields -> {
                        fields.put(HttpHeader.HOST, to.getPort() < 0 ? host : host + ":" + to.getPort());
                        headers.forEach(fields::put);
                    });
            return new CompletableResponseListener(request, ANSWER_BYTES_MAX)
                    .send()
                    .get(LONGEST.toMillis(), TimeUnit.MILLISECONDS)
                    .getStatus();
        } catch (InterruptedException | TimeoutException | ExecutionException failed) {
            throw failed;
        } catch (Exception broken) {
            throw new IllegalStateException("the HTTP client did not start", broken);
        } finally {
            stop(http);
        }
    }

    private static URI address(URI to, String target) {
        String port = to.getPort() < 0 ? "" : ":" + to.getPort();
        String path = to.getRawPath() == null || to.getRawPath().isEmpty() ? "/" : to.getRawPath();
        String query = to.getRawQuery() == null ? "" : "?" + to.getRawQuery();
        return URI.create(to.getScheme() + "://" + target + port + path + query);
    }

    private HttpClient client(String host) {
        QueuedThreadPool threads = new QueuedThreadPool(6, 1);
        threads.setName("postman");
        threads.setDaemon(true);
        ClientConnector connector = new ClientConnector();
        connector.setSelectors(1);
        connector.setExecutor(threads);
        connector.setSslContextFactory(tls(host));
        HttpClient http = new HttpClient(new HttpClientTransportOverHTTP(connector));
        http.setUserAgentField(null);
        http.setHttpCookieStore(new HttpCookieStore.Empty());
        http.setFollowRedirects(false);
        http.setConnectTimeout(10_000);
        http.setSocketAddressResolver(Socks.literalsOnly());
        return http;
    }

    /** The connection goes to an address; the certificate must be the name's. */
    private SslContextFactory.Client tls(String host) {
        SslContextFactory.Client tls = new SslContextFactory.Client() {
            @Override
            public SSLEngine newSSLEngine(String peer, int port) {
                return super.newSSLEngine(host, port);
            }
        };
        if (trusted != null) {
            tls.setTrustStorePath(trusted.toUri().toString());
            tls.setTrustStoreType("PKCS12");
            tls.setTrustStorePassword("");
        }
        return tls;
    }

    private static void stop(HttpClient http) {
        try {
            http.stop();
        } catch (Exception broken) {
            throw new IllegalStateException("the HTTP client did not stop", broken);
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
