// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.handshaker.core.Secrets;
import org.jspecify.annotations.Nullable;

/** A throw-away person of the demo: a random name, a random password, and what arrives for them. */
final class Guest {
    private static final int POLL_SECONDS = 25;
    private static final int POLLS_MAX = 4;

    private final String at = "@demo_" + HexFormat.of().formatHex(Secrets.randomBytes(8));
    private final String password = Secrets.newToken();
    private final RelayClient client;

    Guest(RelayClient client) {
        this.client = client;
    }

    RelayClient client() {
        return client;
    }

    String at() {
        return at;
    }

    /** Registers; answers how many recovery codes came. */
    int register() {
        return client.register(at, password).size();
    }

    void deleteAccount() {
        client.deleteAccount(password);
    }

    boolean is(Person person) {
        return person.username().equals(at);
    }

    /** Polls until a signal of this kind comes, and acknowledges it in the round trip of the next poll. */
    Event pollFor(String kind) {
        for (int i = 0; i < POLLS_MAX; i++) {
            Events events = client.signals(Poll.waiting(POLL_SECONDS));
            for (Event event : events.events()) {
                if (event.kind().equals(kind)) {
                    client.signals(Poll.now().acking(event.seq()));
                    return event;
                }
            }
        }
        throw new RelayUnreachable("The " + kind + " did not arrive.", null);
    }

    Inbox open() {
        Inbox inbox = new Inbox();
        inbox.socket = client.socket(inbox);
        return inbox;
    }

    /** An open socket and what came through it. Delivery is at least once: what was seen is skipped. */
    final class Inbox implements RelaySocket.Listener, AutoCloseable {
        private final BlockingQueue<Event> arrived = new LinkedBlockingQueue<>(1_000);
        private final BlockingQueue<String> fromRooms = new LinkedBlockingQueue<>(1_000);
        private @Nullable RelaySocket socket;
        private long seen = -1;

        @Override
        public void event(Event event) {
            if (!arrived.offer(event)) {
                throw new IllegalStateException("nobody reads");
            }
        }

        @Override
        public void roomJoined(String room, String you, List<String> members) {
            put("joined");
        }

        @Override
        public void roomSignal(String room, String from, String kind, String payload) {
            put(payload);
        }

        private void put(String news) {
            if (!fromRooms.offer(news)) {
                throw new IllegalStateException("nobody reads");
            }
        }

        /** Joins a room and waits until the relay says so. */
        void join(String room) {
            socket().joinRoom(room);
            require("joined");
        }

        /** Waits for the next that is heard in a room, which must be this. */
        void require(String expected) {
            try {
                @Nullable
                String heard = fromRooms.poll(client.carrier().answerTime().toMillis(), TimeUnit.MILLISECONDS);
                if (!expected.equals(heard)) {
                    throw new RelayUnreachable("What was expected in the room did not come.", null);
                }
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
                throw new RelayUnreachable("Interrupted.", stopped);
            }
        }

        RelaySocket socket() {
            if (socket == null) {
                throw new IllegalStateException("open the socket first");
            }
            return socket;
        }

        /** Waits for the next event of a kind; acknowledges it and what came before. */
        Event next(String kind) {
            Duration patience = client.carrier().answerTime();
            try {
                @Nullable Event event = arrived.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
                while (event != null) {
                    if (event.seq() > seen) {
                        seen = event.seq();
                        socket().ack(seen);
                        if (event.kind().equals(kind)) {
                            return event;
                        }
                    }
                    event = arrived.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
                }
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
            throw new RelayUnreachable("The " + kind + " did not arrive.", null);
        }

        @Override
        public void close() {
            socket().close();
        }
    }

    @Override
    public String toString() {
        return "Guest";
    }
}
