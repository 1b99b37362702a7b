// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.handshaker.client.Carrier;
import org.handshaker.client.RelayClient;

/**
 * Rooms of ten: members speak in turn, a few words at a time under way, and all others hear each. Beside it the same client
 * against a Jetty that passes each frame on as it came.
 */
public final class RoomBench {
    private static final int MEMBERS = 10;
    private static final int ROOMS = 8;
    private static final int UNDER_WAY = 4;
    private static final Duration WARMING = Duration.ofSeconds(3);
    private static final Duration PHASE = Duration.ofSeconds(5);
    private static final Duration JOINING = Duration.ofSeconds(30);
    private static final String KIBIBYTE = "x".repeat(1_024);

    private final InetSocketAddress server;
    private final Wires wires;
    private final List<Talk> talks = new ArrayList<>();
    private long heard;

    private RoomBench(InetSocketAddress server) {
        this.server = server;
        this.wires = new Wires(server);
    }

    static void run(Report report, Path directory) {
        report.head("Rooms");
        double bare;
        try (Started raw = Started.program(Bare.class)) {
            bare = new RoomBench(raw.socketAddress()).bare();
        }
        double relayed;
        try (Started relay = Started.crowded(directory.resolve("rooms"))) {
            relayed = new RoomBench(relay.socketAddress()).relayed(relay);
        }
        report.say("| what | messages/s | deliveries/s | limit | of the limit |");
        report.say("|---|---:|---:|---|---:|");
        report.say(String.format(
                Locale.ROOT,
                "| %d rooms of %d, 1 KiB | %,.0f | %,.0f | bare Jetty, the same frames: %,.0f messages/s | %.0f %% |",
                ROOMS,
                MEMBERS,
                relayed,
                relayed * (MEMBERS - 1),
                bare,
                100 * relayed / bare));
    }

    /** One room, on the loop's thread. */
    private final class Talk {
        private final List<Wires.Wire> members = new ArrayList<>();
        private final byte[] words;
        private int joined;
        private long arrived;
        private int next;

        Talk(String room) {
            words = ("{\"type\":\"room.signal\",\"room\":\"" + room + "\",\"kind\":\"offer\",\"payload\":\"" + KIBIBYTE
                            + "\"}")
                    .getBytes(StandardCharsets.US_ASCII);
        }

        void hears(byte[] frame, int length) {
            String head = new String(frame, 0, Math.min(length, 24), StandardCharsets.US_ASCII);
            if (head.contains("room.signal")) {
                heard++;
                arrived++;
                if (arrived % (MEMBERS - 1) == 0) {
                    speak();
                }
            } else if (head.contains("room.joined")) {
                joined++;
            } else if (head.contains("refused")) {
                throw new IllegalStateException(new String(frame, 0, length, StandardCharsets.UTF_8));
            }
        }

        void speak() {
            members.get(next++ % MEMBERS).send(words, words.length);
        }
    }

    private double bare() {
        for (int room = 0; room < ROOMS; room++) {
            Talk talk = new Talk("r");
            for (int i = 0; i < MEMBERS; i++) {
                talk.members.add(wires.open("room" + room, (wire, frame, length) -> talk.hears(frame, length)));
            }
            talks.add(talk);
        }
        return measure();
    }

    private double relayed(Started relay) {
        List<String> ids = new ArrayList<>();
        try (Carrier carrier = Carrier.to(relay.address())) {
            RelayClient host = new RelayClient(carrier);
            host.register("@host", "a password of some length");
            for (int room = 0; room < ROOMS; room++) {
                ids.add(host.makeRoom());
            }
        }
        Crowd crowd = new Crowd(server, ROOMS * MEMBERS);
        for (int room = 0; room < ROOMS; room++) {
            String id = ids.get(room);
            Talk talk = new Talk(id);
            byte[] join = ("{\"type\":\"room.join\",\"room\":\"" + id + "\"}").getBytes(StandardCharsets.US_ASCII);
            for (int i = 0; i < MEMBERS; i++) {
                talk.members.add(wires.open(crowd.token(room * MEMBERS + i), (wire, frame, length) -> {
                    if (new String(frame, 0, Math.min(length, 20), StandardCharsets.US_ASCII).contains("\"ready\"")) {
                        wire.send(join, join.length);
                    } else {
                        talk.hears(frame, length);
                    }
                }));
            }
            talks.add(talk);
        }
        return measure();
    }

    private double measure() {
        try (wires) {
            if (!wires.run(JOINING, () -> talks.stream().allMatch(talk -> talk.joined == MEMBERS))) {
                throw new IllegalStateException("not everybody could join in time");
            }
            talks.forEach(talk -> {
                for (int i = 0; i < UNDER_WAY; i++) {
                    talk.speak();
                }
            });
            boolean unused = wires.run(WARMING, () -> false);
            heard = 0;
            long start = System.nanoTime();
            boolean unusedToo = wires.run(PHASE, () -> false);
            return heard / (double) (MEMBERS - 1) / ((System.nanoTime() - start) / 1e9);
        }
    }

    /** The ceiling: passes each frame to all others who came with the same token. */
    public static final class Bare {
        private Bare() {}

        public static void main(String[] args) throws Exception {
            Server server = new Server();
            ServerConnector connector = new ServerConnector(server);
            connector.setHost("127.0.0.1");
            server.addConnector(connector);
            Map<String, Set<Line>> rooms = new ConcurrentHashMap<>();
            server.setHandler(WebSocketUpgradeHandler.from(server, container -> {
                container.setMaxOutgoingFrames(-1);
                container.addMapping(
                        "/ws",
                        (request, response, callback) -> new Line(rooms.computeIfAbsent(
                                request.getHeaders().get(HttpHeader.AUTHORIZATION),
                                missing -> ConcurrentHashMap.newKeySet())));
            }));
            server.start();
            System.out.println("ready http://127.0.0.1:" + connector.getLocalPort());
            server.join();
        }
    }

    /** One socket. Public because Jetty calls it through a public method handle. */
    public static final class Line extends Session.Listener.AbstractAutoDemanding {
        private final Set<Line> room;

        Line(Set<Line> room) {
            this.room = room;
        }

        @Override
        public void onWebSocketOpen(Session session) {
            super.onWebSocketOpen(session);
            room.add(this);
            session.sendText("{\"type\":\"room.joined\"}", Callback.NOOP);
        }

        @Override
        public void onWebSocketText(String frame) {
            for (Line other : room) {
                if (other != this) {
                    other.getSession().sendText(frame, Callback.NOOP);
                }
            }
        }
    }
}
