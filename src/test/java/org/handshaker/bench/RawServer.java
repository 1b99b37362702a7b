// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.jspecify.annotations.Nullable;

/**
 * The ceiling: a Jetty that answers every call with the same words and passes frames from one socket to another, in the
 * relay's own protocol so that the same client can be timed against both. It checks nothing, keeps nothing and reads frames
 * by looking for a quotation mark.
 */
public final class RawServer {
    private static final String ANYTHING =
            "{\"status\":\"stored\",\"event_id\":\"e\",\"request_id\":\"q\",\"epoch\":\"e\","
                    + "\"messages\":[],\"events\":[]}";

    private RawServer() {}

    public static void main(String[] args) throws Exception {
        Server server = new Server();
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setSendDateHeader(false);
        ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        Map<String, Line> lines = new ConcurrentHashMap<>();
        WebSocketUpgradeHandler sockets = WebSocketUpgradeHandler.from(server, container -> {
            container.setMaxOutgoingFrames(-1);
            container.addMapping("/ws", (request, response, callback) -> {
                String bearer = request.getHeaders().get(HttpHeader.AUTHORIZATION);
                return new Line(bearer.substring("Bearer ".length()), lines);
            });
        });
        sockets.setHandler(new SameAnswer());
        server.setHandler(sockets);
        server.start();
        System.out.println("ready http://127.0.0.1:" + connector.getLocalPort());
        server.join();
    }

    private static String tokens(String name) {
        return "{\"username\":\"" + name + "\",\"access_token\":\"" + name
                + "\",\"refresh_token\":\"r\",\"expires_in\":3600,\"recovery_codes\":[]}";
    }

    private static String between(String frame, String before, char after) {
        int start = frame.indexOf(before) + before.length();
        return frame.substring(start, frame.indexOf(after, start));
    }

    private static final class SameAnswer extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            String body = Content.Source.asString(request, StandardCharsets.UTF_8);
            boolean signIn = request.getHttpURI().getPath().startsWith("/auth/");
            String answer = signIn ? tokens(between(body, "\"username\":\"", '"')) : ANYTHING;
            response.setStatus(200);
            Content.Sink.write(response, true, answer, callback);
            return true;
        }
    }

    /** One socket. Public because Jetty calls it through a public method handle. */
    public static final class Line extends Session.Listener.AbstractAutoDemanding {
        private final String name;
        private final Map<String, Line> lines;
        private final AtomicLong seq = new AtomicLong();
        /** Who waits for a receipt, by number. */
        private final Map<Long, String[]> unacked = new ConcurrentHashMap<>();

        Line(String name, Map<String, Line> lines) {
            this.name = name;
            this.lines = lines;
        }

        @Override
        public void onWebSocketOpen(Session session) {
            super.onWebSocketOpen(session);
            lines.put(name, this);
            say("{\"type\":\"ready\",\"username\":\"" + name + "\",\"epoch\":\"e\",\"pending\":0}");
        }

        @Override
        public void onWebSocketText(String frame) {
            if (frame.contains("\"type\":\"send\"")) {
                @Nullable Line target = lines.get(between(frame, "\"to_user\":\"", '"'));
                if (target != null) {
                    target.push(name, between(frame, "\"id\":\"", '"'), between(frame, "\"payload\":\"", '"'));
                }
            } else if (frame.contains("\"type\":\"ack\"")) {
                String upTo = between(frame, "\"up_to\":", '}').strip();
                String @Nullable [] waiting = unacked.remove(Long.parseLong(upTo));
                @Nullable Line sender = waiting == null ? null : lines.get(waiting[0]);
                if (waiting != null && sender != null) {
                    sender.say("{\"type\":\"receipt\",\"id\":\"" + waiting[1] + "\",\"event_id\":\"" + waiting[1]
                            + "\",\"status\":\"delivered\"}");
                }
            }
        }

        private void push(String from, String id, String payload) {
            long number = seq.incrementAndGet();
            unacked.put(number, new String[] {from, id});
            say("{\"type\":\"event\",\"event_id\":\"" + id + "\",\"seq\":" + number + ",\"from_user\":\"" + from
                    + "\",\"kind\":\"offer\",\"payload\":\"" + payload + "\"}");
        }

        private void say(String frame) {
            getSession().sendText(frame, org.eclipse.jetty.websocket.api.Callback.NOOP);
        }
    }
}
