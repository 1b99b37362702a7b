// SPDX-License-Identifier: MIT
package org.handshaker.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every call of the client against the real relay. */
class RelayClientAtRelayTest {
    private static final String PASSWORD = "a long password";
    private static final TestRelay relay = TestRelay.start("--linger=1s");
    private static final Carrier carrier = Carrier.to(RelayAddress.parse(relay.address()));

    private final RelayClient alice = new RelayClient(carrier);
    private final RelayClient bob = new RelayClient(carrier);

    @AfterAll
    static void stop() {
        carrier.close();
        relay.close();
    }

    @BeforeEach
    void register() {
        assertEquals(10, alice.register("@alice", PASSWORD).size());
        assertEquals(10, bob.register("@bob", PASSWORD).size());
    }

    @AfterEach
    void leave() {
        alice.deleteAccount(PASSWORD);
        bob.deleteAccount(PASSWORD);
    }

    @Test
    void signsInAgainAndRenews() {
        alice.refresh();
        alice.logout();
        assertFalse(alice.isSignedIn());
        assertEquals("bad_credentials", code(() -> alice.login("@alice", PASSWORD + "!")));
        alice.login("@alice", PASSWORD);
        alice.refresh();
        assertEquals("@bob", alice.show("@bob").username());
        assertEquals("not_found", code(() -> alice.show("@nobody")));
        assertEquals("username_taken", code(() -> new RelayClient(carrier).register("@bob", PASSWORD)));
    }

    @Test
    void endsEverySession() {
        RelayClient elsewhere = new RelayClient(carrier);
        elsewhere.login("@alice", PASSWORD);
        alice.logoutEverywhere();
        assertEquals("session_revoked", code(elsewhere::connections));
        alice.login("@alice", PASSWORD);
        alice.changePassword(PASSWORD, "another password");
        alice.changePassword("another password", PASSWORD);
    }

    @Test
    void makesAndEndsAConnection() {
        Approach declined = alice.request("@bob");
        assertEquals("pending", declined.status());
        assertEquals(1, alice.pending().outgoing().size());
        assertEquals(1, bob.pending().incoming().size());
        bob.respond(declined.requestId(), "decline");
        assertEquals(List.of(), alice.connections());
        connect();
        assertEquals("@bob", alice.connections().get(0).username());
        alice.disconnect("@bob");
        assertEquals(List.of(), bob.connections());
        alice.block("@bob");
        assertEquals(List.of("@bob"), alice.blocked());
        alice.unblock("@bob");
        assertEquals(List.of(), alice.blocked());
        assertEquals("not_connected", code(() -> alice.send("@bob", "message", "x")));
    }

    @Test
    void leavesPrekeysTakesABundleAndChecksTheKeyLog() {
        Map<String, Object> upload = Map.<String, Object>of(
                "identity_key", "aWs",
                "signed_prekey", Map.<String, Object>of("key_id", 1, "key", "c3Br", "signature", "c2ln"),
                "one_time_prekeys", List.of(Map.<String, Object>of("key_id", 2, "key", "b25l")));
        assertEquals(1, bob.publishPrekeys(upload));
        assertEquals(
                new PrekeyBundle.Prekey(2, "b25l", null), alice.prekeys("@bob").oneTime());
        assertNull(alice.prekeys("bob").oneTime());
        assertEquals("c2ln", alice.prekeys("bob").signed().signature());
        assertEquals(0, bob.prekeysLeft());
        assertEquals("not_connected", code(() -> alice.keyLog("@bob", null)));
        connect();
        KeyHistory history = alice.keyLog("@bob", null);
        assertEquals("identity", history.entries().get(0).key());
        assertEquals(history, alice.keyLog("bob", history.head()));
        assertThrows(KeyLogBroken.class, () -> alice.keyLog("bob", "1".repeat(64)));
    }

    @Test
    void livesInAGroup() throws Exception {
        connect();
        GroupView.Row group = alice.createGroup("sealed");
        assertEquals(new GroupView.Row(group.groupId(), 1, "owner"), group);
        assertEquals(2, alice.addMember(group.groupId(), "@bob"));
        assertEquals(List.of(new GroupView.Row(group.groupId(), 2, "member")), bob.groups());
        assertEquals(
                new GroupView(
                        2,
                        List.of(new GroupView.Member("@alice", "owner"), new GroupView.Member("@bob", "member")),
                        "sealed"),
                bob.group(group.groupId()));
        assertEquals(3, alice.setRole(group.groupId(), "@bob", "admin"));
        GroupView.HandedRound keys = alice.rekey(group.groupId(), Map.of("@bob", "key"), 3);
        assertEquals(new GroupView.HandedRound("", 4, 1, 0), keys);
        assertEquals("stale_epoch", code(() -> bob.sendToGroup(group.groupId(), 3, "message", "old")));
        assertEquals(
                1, bob.sendToGroup(group.groupId(), 4, "message", "by call").members());
        BlockingQueue<Event> heard = new LinkedBlockingQueue<>();
        try (RelaySocket socket = alice.socket(heard::add);
                RelaySocket bobs = bob.socket(event -> {})) {
            assertTrue(socket.ready().username().endsWith("alice"));
            assertEquals(
                    "stored",
                    bobs.sendToGroup("s1", group.groupId(), 4, "message", "by frame")
                            .join()
                            .status());
            CompletionException stale = assertThrows(
                    CompletionException.class, () -> bobs.sendToGroup("s2", group.groupId(), 9, "message", "x")
                            .join());
            assertEquals("stale_epoch", stale.getCause() instanceof RelayRefused no ? no.code() : "");
            assertEquals("by call", await(heard, group.groupId()).payload());
            assertEquals("by frame", await(heard, group.groupId()).payload());
        }
        bob.removeMember(group.groupId(), "@bob");
        assertEquals("not_found", code(() -> bob.group(group.groupId())));
        alice.deleteGroup(group.groupId());
        assertEquals(List.of(), alice.groups());
    }

    /** The next event that came through this group. */
    private static Event await(BlockingQueue<Event> heard, String group) throws InterruptedException {
        while (true) {
            Event next = heard.poll(10, TimeUnit.SECONDS);
            if (next == null || group.equals(next.group())) {
                return java.util.Objects.requireNonNull(next, "nothing came");
            }
        }
    }

    @Test
    void invitesAndRedeems() {
        String toConnect = alice.invite("connection", null, 1, Duration.ofDays(1));
        assertEquals(new Invited("connection", "@alice", null), bob.redeem(toConnect));
        assertEquals("@bob", alice.connections().get(0).username());
        assertEquals("not_found", code(() -> bob.redeem(toConnect)));
        GroupView.Row group = alice.createGroup(null);
        String toJoin = alice.invite("group", group.groupId(), 2, Duration.ofDays(1));
        assertEquals(new Invited("group", "@alice", group.groupId()), bob.redeem(toJoin));
        assertEquals("already_member", code(() -> bob.redeem(toJoin)));
        alice.revokeInvite(alice.invites().get(0));
        assertEquals(List.of(), alice.invites());
        alice.deleteGroup(group.groupId());
    }

    @Test
    void sendsPollsAndAcknowledges() {
        connect();
        Receipt receipt = alice.send("@bob", "message", "hello");
        assertEquals("stored", receipt.status());
        Events events = bob.events(Poll.waiting(5));
        Event hello = events.events().stream()
                .filter(event -> event.kind().equals("message"))
                .findFirst()
                .orElseThrow();
        assertEquals(receipt.eventId(), hello.eventId());
        assertEquals("@alice", hello.fromUser());
        assertEquals("hello", hello.payload());
        assertTrue(bob.ack(events.lastSeq(), events.epoch()) >= 1);
        assertEquals(List.of(), bob.events(Poll.now()).events());

        alice.signal("@bob", "offer", "one");
        alice.signal("@bob", "ice", "two");
        Events signals = bob.signals(Poll.waiting(5));
        assertEquals(
                List.of("offer", "ice"),
                signals.events().stream().map(Event::kind).toList());
        assertEquals(
                List.of(), bob.signals(Poll.now().acking(signals.lastSeq())).events());
        alice.signal("@bob", "bye", "three");
        assertEquals(1, bob.clearSignals());
        assertEquals("relay", alice.iceServers().policy());
    }

    @Test
    void talksOverSockets() throws InterruptedException {
        connect();
        BlockingQueue<Event> heard = new LinkedBlockingQueue<>();
        try (RelaySocket there = bob.socketByFrame(heard::add);
                RelaySocket here = alice.socket(event -> {})) {
            assertEquals("@bob", there.ready().username());
            here.ping().orTimeout(10, TimeUnit.SECONDS).join();
            var sent = here.send("my-id", "@bob", "answer", "hello");
            Event event = heard.poll(10, TimeUnit.SECONDS);
            while (event != null && !event.kind().equals("answer")) {
                event = heard.poll(10, TimeUnit.SECONDS);
            }
            assertNotEquals(null, event);
            there.ack(event == null ? 0 : event.seq());
            assertEquals(
                    "delivered", sent.orTimeout(10, TimeUnit.SECONDS).join().status());
            CompletionException refused =
                    assertThrows(CompletionException.class, () -> here.send("@nobody", "answer", "x")
                            .orTimeout(10, TimeUnit.SECONDS)
                            .join());
            assertEquals("not_connected", refused.getCause() instanceof RelayRefused said ? said.code() : "");
        }
    }

    @Test
    void meetsInRooms() throws InterruptedException {
        BlockingQueue<String> alices = new LinkedBlockingQueue<>();
        BlockingQueue<String> bobs = new LinkedBlockingQueue<>();
        try (RelaySocket here = alice.socket(new Talk(alices));
                RelaySocket there = bob.socket(new Talk(bobs))) {
            String hidden = alice.makeRoom();
            assertEquals(List.of(), bob.publicRooms());
            assertEquals("not_found", code(() -> alice.roomMembers(hidden)), "its maker is not in it yet");
            here.joinRoom(hidden);
            String me = next(alices).substring("in as ".length());
            there.joinRoom(hidden);
            String other = next(bobs).substring("in as ".length());
            assertEquals("joined " + other, next(alices));
            assertEquals(2, bob.roomMembers(hidden));
            here.signalRoom(hidden, "offer", "to all");
            assertEquals(me + " says offer to all", next(bobs));
            there.signalRoom(hidden, me, "answer", "to one");
            assertEquals(other + " says answer to one", next(alices));
            there.signalRoom(hidden, "nobody", "answer", "to none");
            assertEquals("refused not_found", next(bobs));
            there.leaveRoom(hidden);
            assertEquals("left " + other, next(alices));
            assertEquals("not_found", code(() -> bob.roomMembers(hidden)));

            String open = bob.makePublicRoom("a topic");
            assertEquals(List.of(new PublicRoom(open, "a topic", 0)), alice.publicRooms());
            here.joinRoom(open);
            assertTrue(next(alices).startsWith("in as "));
            assertEquals(List.of(new PublicRoom(open, "a topic", 1)), bob.publicRooms());
            here.leaveRoom(open);
            here.joinRoom(open);
            assertEquals("refused not_found", next(alices), "it was gone with its last member");
        }
        connect();
        assertEquals(90, bob.heartbeat("online"));
        assertEquals("@bob", alice.connections().get(0).username());
    }

    /** What happens in rooms, a line each. */
    private record Talk(BlockingQueue<String> lines) implements RelaySocket.Listener {
        @Override
        public void event(Event event) {}

        @Override
        public void roomJoined(String room, String you, List<String> members) {
            lines.add("in as " + you);
        }

        @Override
        public void roomMemberJoined(String room, String clientId) {
            lines.add("joined " + clientId);
        }

        @Override
        public void roomMemberLeft(String room, String clientId) {
            lines.add("left " + clientId);
        }

        @Override
        public void roomSignal(String room, String from, String kind, String payload) {
            lines.add(from + " says " + kind + " " + payload);
        }

        @Override
        public void refused(RelayRefused refused) {
            lines.add("refused " + refused.code());
        }
    }

    private static String next(BlockingQueue<String> lines) throws InterruptedException {
        String line = lines.poll(10, TimeUnit.SECONDS);
        return line == null ? "nothing came" : line;
    }

    @Test
    void aRoomTakesAsManyAsTheOperatorSays() throws InterruptedException {
        try (TestRelay small = TestRelay.start("--room-members=2");
                Carrier way = Carrier.to(RelayAddress.parse(small.address()))) {
            RelayClient carol = new RelayClient(way);
            carol.register("@carol", PASSWORD);
            String room = carol.makeRoom();
            for (String expected : List.of("in as ", "in as ", "refused room_full")) {
                BlockingQueue<String> lines = new LinkedBlockingQueue<>();
                carol.socket(new Talk(lines)).joinRoom(room);
                String line = next(lines);
                assertTrue(line.startsWith(expected), line);
            }
            assertEquals(2, carol.roomMembers(room));
        }
    }

    @Test
    void losesItsSocketWithItsSession() throws InterruptedException {
        BlockingQueue<Integer> closed = new LinkedBlockingQueue<>();
        RelaySocket socket = alice.socket(new RelaySocket.Listener() {
            @Override
            public void event(Event event) {}

            @Override
            public void closed(int code) {
                closed.add(code);
            }
        });
        alice.logout();
        assertEquals(4403, closed.poll(10, TimeUnit.SECONDS));
        assertFalse(socket.isOpen());
        alice.login("@alice", PASSWORD);
    }

    private void connect() {
        bob.respond(alice.request("@bob").requestId(), "accept");
    }

    private static String code(Runnable call) {
        return assertThrows(RelayRefused.class, call::run).code();
    }
}
