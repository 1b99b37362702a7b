// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.jspecify.annotations.Nullable;

/** A server that says what a test tells it to, for what a real relay does not do on demand. */
final class ScriptedRelay implements AutoCloseable {
    /** A call as it arrived. */
    record Asked(String method, String path, @Nullable String authorization, String body, List<String> headers) {}

    /** What to answer. */
    record Said(int status, String body, Map<String, String> headers) {
        static Said ok(String body) {
            return new Said(200, body, Map.of());
        }
    }

    private final Server server = new Server(new QueuedThreadPool(16));
    private final List<Asked> asked = new CopyOnWriteArrayList<>();
    private int port;

    private ScriptedRelay() {}

    static ScriptedRelay answering(Function<Asked, Said> script) {
        return start(script, frame -> List.of(), null);
    }

    static ScriptedRelay answeringAt(Path socket, Function<Asked, Said> script, Function<String, List<String>> frames) {
        return start(script, frames, socket);
    }

    /** Answers each frame with frames; the opening of a socket counts as the frame {@code open}, {@code close N} closes. */
    static ScriptedRelay speaking(Function<String, List<String>> frames) {
        return start(asked -> new Said(404, "", Map.of()), frames, null);
    }

    private static ScriptedRelay start(
            Function<Asked, Said> script, Function<String, List<String>> frames, @Nullable Path socket) {
        ScriptedRelay relay = new ScriptedRelay();
        ServerConnector tcp = new ServerConnector(relay.server, 1, 1);
        if (socket == null) {
            tcp.setHost("127.0.0.1");
            relay.server.addConnector(tcp);
        } else {
            UnixDomainServerConnector unix = new UnixDomainServerConnector(relay.server);
            unix.setUnixDomainPath(socket);
            relay.server.addConnector(unix);
        }
        WebSocketUpgradeHandler sockets = WebSocketUpgradeHandler.from(
                relay.server,
                container -> container.addMapping("/ws", (request, response, callback) -> {
                    relay.asked.add(relay.read(request, ""));
                    return new Socket(frames);
                }));
        sockets.setHandler(relay.new Answering(script));
        relay.server.setHandler(sockets);
        try {
            relay.server.start();
        } catch (Exception broken) {
            throw new IllegalStateException(broken);
        }
        relay.port = socket == null ? tcp.getLocalPort() : 0;
        return relay;
    }

    int port() {
        return port;
    }

    RelayAddress address() {
        return RelayAddress.parse("http://127.0.0.1:" + port);
    }

    List<Asked> asked() {
        return List.copyOf(asked);
    }

    private Asked read(Request request, String body) {
        return new Asked(
                request.getMethod(),
                request.getHttpURI().getPathQuery(),
                request.getHeaders().get(HttpHeader.AUTHORIZATION),
                body,
                request.getHeaders().stream()
                        .map(field -> field.getLowerCaseName())
                        .toList());
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception broken) {
            throw new IllegalStateException(broken);
        }
    }

    private final class Answering extends Handler.Abstract {
        private final Function<Asked, Said> script;

        Answering(Function<Asked, Said> script) {
            this.script = script;
        }

        @Override
        public boolean handle(Request request, Response response, org.eclipse.jetty.util.Callback callback)
                throws Exception {
            Asked call = read(request, Content.Source.asString(request, StandardCharsets.UTF_8));
            asked.add(call);
            Said said = script.apply(call);
            response.setStatus(said.status());
            said.headers().forEach(response.getHeaders()::put);
            Content.Sink.write(response, true, said.body(), callback);
            return true;
        }
    }

    /** Public because Jetty calls it through a public method handle. */
    public static final class Socket extends Session.Listener.AbstractAutoDemanding {
        private final Function<String, List<String>> frames;

        Socket(Function<String, List<String>> frames) {
            this.frames = frames;
        }

        @Override
        public void onWebSocketOpen(Session session) {
            super.onWebSocketOpen(session);
            say(frames.apply("open"));
        }

        @Override
        public void onWebSocketText(String frame) {
            say(frames.apply(frame));
        }

        private void say(List<String> answers) {
            for (String answer : answers) {
                if (answer.startsWith("close ")) {
                    getSession().close(Integer.parseInt(answer.substring(6)), null, Callback.NOOP);
                } else {
                    getSession().sendText(answer, Callback.NOOP);
                }
            }
        }
    }
}
