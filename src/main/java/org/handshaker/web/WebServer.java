// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.handshaker.core.Limits;
import org.handshaker.core.Listen;
import org.handshaker.core.Reason;
import org.handshaker.core.Unusable;

/**
 * The one embedded Jetty. It listens on one Unix socket or one loopback port; behind tor every connection must begin with
 * tor's PROXY line. It sends no {@code Server} and no {@code Date}, and writes no log, since there is no request log to write
 * to.
 */
public final class WebServer implements AutoCloseable {
    private static final int SOCKET_BUFFER_BYTES = 32 * 1_024;
    /** Room for the headers of most answers; one that has more gets a larger buffer. */
    private static final int ANSWER_HEADER_BYTES = 1_024;

    private static final int THREADS_MAX = 64;
    /** The operator has two hands. */
    private static final int OPERATOR_THREADS_MAX = 8;

    private final QueuedThreadPool threads;
    private final Server server;
    private final Router router;
    private final Connector connector;
    private final Listen listen;
    private final Front front;
    private final CircuitWatch watch;
    private volatile boolean isListening;
    private volatile Runnable whenUnnamed = () -> {};

    /** How connections begin: as plain HTTP, or with tor's PROXY line, without which they are closed. */
    public enum Front {
        PLAIN,
        TOR,
        /**
         * As TOR, where nobody has asked tor whether it names circuits: if the first connection shows that it does not, this
         * server stops listening.
         */
        UNPROVED_TOR,
        /** As plain, on a Unix socket for the relay's own user alone. */
        OPERATOR
    }

    public WebServer(
            Listen listen,
            Front front,
            List<Route> routes,
            Authenticator authenticator,
            Gate gate,
            Hosts hosts,
            boolean pads) {
        this.listen = listen;
        this.front = front;
        this.threads = front == Front.OPERATOR
                ? new QueuedThreadPool(OPERATOR_THREADS_MAX, 1)
                : new QueuedThreadPool(THREADS_MAX, 4);
        threads.setName("web");
        threads.setVirtualThreadsExecutor(VirtualThreads.getNamedVirtualThreadsExecutor("web-"));
        this.server = new Server(threads, null, new Buffers());
        this.router = new Router(routes, authenticator, gate, hosts, pads, threads::getQueueSize);
        this.watch = new CircuitWatch(front == Front.UNPROVED_TOR ? this::stopUnnamed : () -> {});
        this.connector = connector();
        server.addConnector(connector);
        server.addBean(new NetworkConnectionLimit(Limits.CONNECTIONS_MAX, server));
        server.setErrorHandler(new ProblemErrors(pads, router::reason));
        server.setHandler(router);
        server.setStopTimeout(0);
        ServerWebSocketContainer sockets = ServerWebSocketContainer.ensure(server);
        // Holds for what is sent, too: a longer event would cut its reader off every time.
        sockets.setMaxFrameSize(Padding.bucket(Limits.FRAME_BYTES_MAX));
        sockets.setMaxOutgoingFrames(Limits.FRAMES_OUT_MAX);
        // Later than the relay's own close, which says why.
        sockets.setIdleTimeout(Limits.SOCKET_IDLE.multipliedBy(2));
        // What has come of a frame is handed on at once: held back, it would have a buffer as large as its head
        // promises.
        sockets.setAutoFragment(true);
        // One read takes a window of small events, and one write gathers one; neither is held by a socket that is idle.
        sockets.setInputBufferSize(SOCKET_BUFFER_BYTES);
        sockets.setOutputBufferSize(SOCKET_BUFFER_BYTES);
    }

    private Connector connector() {
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setSendDateHeader(false);
        http.setSendXPoweredBy(false);
        http.setRequestHeaderSize(Limits.HEADER_BYTES_MAX);
        http.setResponseHeaderSize(ANSWER_HEADER_BYTES);
        http.setMaxResponseHeaderSize(Limits.HEADER_BYTES_MAX);
        http.setHttpCompliance(HttpCompliance.RFC9110);
        http.setUriCompliance(UriCompliance.DEFAULT);
        http.setRelativeRedirectAllowed(false);
        // It would keep some 100 KiB for each connection: five thousand strangers would fill the heap.
        http.setHeaderCacheSize(0);
        // X-Forwarded-* and their kin are never believed: there is no ForwardedRequestCustomizer here.
        HttpConnectionFactory plain = new HttpConnectionFactory(http);
        ConnectionFactory[] factories = front == Front.TOR || front == Front.UNPROVED_TOR
                ? new ConnectionFactory[] {new CircuitConnection.Factory(plain.getProtocol(), watch), plain}
                : new ConnectionFactory[] {plain};
        if (listen.unixPath() != null) {
            Connectors.Unix unix = new Connectors.Unix(server, factories);
            unix.setUnixDomainPath(listen.unixPath());
            unix.setAcceptQueueSize(1_024);
            unix.setIdleTimeout(Limits.CONNECTION_IDLE.toMillis());
            return unix;
        }
        ServerConnector tcp = new Connectors.Tcp(server, factories);
        tcp.setHost(listen.host());
        tcp.setPort(listen.port());
        tcp.setAcceptQueueSize(1_024);
        tcp.setIdleTimeout(Limits.CONNECTION_IDLE.toMillis());
        return tcp;
    }

    /**
     * Loads Jetty and Jackson, which takes as long as opening the database: done beside it on another core, the relay answers
     * a third of a second sooner.
     */
    public static void preload() {
        Server unused = new Server(new QueuedThreadPool(THREADS_MAX, 1));
        new ServerConnector(unused, 1, 1, new HttpConnectionFactory(new HttpConfiguration()));
        ServerWebSocketContainer.ensure(unused);
        Json.text(List.of());
    }

    /** Starts to serve; returns the address for a person: {@code http://127.0.0.1:PORT} or {@code unix:PATH}. */
    public String start() {
        try {
            if (listen.unixPath() != null) {
                removeStale(listen.unixPath());
            }
            server.start();
            isListening = true;
            if (listen.unixPath() != null) {
                openTo(listen.unixPath());
                return "unix:" + listen.unixPath();
            }
            String host = listen.host().contains(":") ? "[" + listen.host() + "]" : listen.host();
            return "http://" + host + ":" + ((ServerConnector) connector).getLocalPort();
        } catch (IOException taken) {
            throw new Unusable("It cannot listen on " + listen + ": is another program there?", taken);
        } catch (Unusable notOurs) {
            throw notOurs;
        } catch (Exception failed) {
            throw new IllegalStateException("Jetty did not start", failed);
        }
    }

    /** A socket file that a killed relay left behind is removed; one that still answers belongs to somebody. */
    private static void removeStale(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        boolean isSocket = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .isOther();
        if (!isSocket) {
            throw new Unusable("It cannot listen on unix:" + path + ": something that is no socket lies there.");
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(path));
        } catch (ConnectException nobodyAnswers) {
            Files.delete(path);
            return;
        }
        throw new Unusable("It cannot listen on unix:" + path + ": another program does.");
    }

    /** Tor often runs as another user of the same group; everybody else stays out, and from the operator's socket tor too. */
    private void openTo(Path path) throws IOException {
        String mode = front == Front.OPERATOR ? "rw-------" : "rw-rw----";
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    /** @param told hears why, each time that a call is refused; must be short */
    public void whenRefused(Consumer<Reason> told) {
        router.whenRefused(told);
    }

    /** @param told runs once, when this server has stopped listening because tor does not name circuits */
    public void whenUnnamed(Runnable told) {
        whenUnnamed = told;
    }

    /** On a thread of its own: the one that has noticed belongs to what is stopped. */
    private void stopUnnamed() {
        Thread stop = new Thread(
                () -> {
                    stopListening();
                    whenUnnamed.run();
                },
                "stop-listening");
        stop.setDaemon(true);
        stop.start();
    }

    private void stopListening() {
        try {
            connector.stop();
            if (listen.unixPath() != null) {
                Files.deleteIfExists(listen.unixPath());
            }
        } catch (Exception failed) {
            throw new IllegalStateException("Jetty did not stop listening", failed);
        }
    }

    /** How many requests wait for a thread, 0 to 1. */
    public double strain() {
        return Math.min(1, (double) threads.getQueueSize() / Limits.REQUESTS_WAITING_STRAINED);
    }

    /** Everything new is refused with {@code shutting_down} from now on. */
    public void stopIntake() {
        router.stopIntake();
    }

    @Override
    public void close() {
        try {
            server.stop();
            // A socket at that path that this server did not make is somebody else's.
            if (listen.unixPath() != null && isListening) {
                Files.deleteIfExists(listen.unixPath());
            }
        } catch (Exception failed) {
            throw new IllegalStateException("Jetty did not stop", failed);
        }
    }
}
