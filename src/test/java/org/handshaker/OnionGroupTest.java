// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.handshaker.client.Carrier;
import org.handshaker.client.Event;
import org.handshaker.client.Events;
import org.handshaker.client.GroupView;
import org.handshaker.client.Invited;
import org.handshaker.client.Poll;
import org.handshaker.client.Receipt;
import org.handshaker.client.RelayAddress;
import org.handshaker.client.RelayClient;
import org.handshaker.client.RelayRefused;
import org.handshaker.client.RelaySocket;
import org.handshaker.client.RelayUnreachable;
import org.handshaker.support.Await;
import org.handshaker.support.Program;
import org.handshaker.support.Together;
import org.handshaker.support.TorNetwork;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Five people in one group behind a real onion, each on circuits of their own, two at sockets and three polling: they are
 * invited, get keys, lose one of them, live through {@code kill -9} of the relay, and each has got what was sent in the epochs
 * in which they were there, once and in order, and nothing else.
 */
@Tag("tor")
@Timeout(value = 20, unit = TimeUnit.MINUTES)
@ExtendWith(TorNetwork.Shared.class)
final class OnionGroupTest {
    private static final String PASSWORD = "a password for a test";
    private static final int ONION_SECONDS_MAX = 240;
    private static final int ARRIVAL_SECONDS_MAX = 120;
    private static final Set<String> AT_SOCKETS = Set.of("adam", "max");

    @TempDir
    Path directory;

    private final Map<String, Member> people = new LinkedHashMap<>();
    /** The names of those who should be in it. */
    private final Set<String> inside = new TreeSet<>();

    private String group = "";
    private long epoch;
    private String room = "";
    private int words;

    @Test
    void fiveHaveExactlyWhatWasSentToThemThroughARemovalNewKeysAndAKill(TorNetwork network) throws Exception {
        Path extra = Files.write(directory.resolve("extra"), network.testingLines());
        try {
            String onion;
            Receipt first;
            try (Program relay = start(extra)) {
                onion = relay.awaitLine("onion ", ONION_SECONDS_MAX);
                RelayAddress address =
                        RelayAddress.parse(onion.substring("onion ".length()), "127.0.0.1:" + network.socksPort());
                for (String name : List.of("olga", "adam", "mia", "max", "eve")) {
                    people.put(name, new Member(name, Carrier.to(address)));
                }
                come();
                handKeysRound();
                everybodySpeaks();
                arrived();
                meetInARoom();
                leaveOut("mia");
                handKeysRound();
                // Read by nobody who polls before the relay is gone.
                everybodySpeaks();
                first = member("adam").say("adam-once", group, epoch, word("adam"));
                epoch = member("olga").client.setRole(group, "@adam", "admin");
                List<ProcessHandle> tors = relay.children();
                relay.kill();
                relay.awaitExit(30);
                Await.until("the end of the dead relay's tor", 60, () -> tors.stream()
                        .noneMatch(ProcessHandle::isAlive));
            }
            try (Program relay = start(extra)) {
                assertEquals(onion, relay.awaitLine("onion ", ONION_SECONDS_MAX));
                comeBack();
                nothingOfTheGroupIsLostAndNothingOfTheRoomIsLeft(first);
                everybodySpeaks();
                joinAgain("mia");
                handKeysRound();
                everybodySpeaks();
                member("eve").client.removeMember(group, "@eve");
                inside.remove("eve");
                epoch++;
                everybodySpeaks();
                arrived();
                relay.terminate();
                assertEquals(0, relay.awaitExit(30));
            }
        } finally {
            people.values().forEach(Member::close);
        }
    }

    private Program start(Path extra) throws IOException {
        Program relay = Program.start(
                directory.resolve("relay.err"),
                "serve",
                "--listen=unix:" + directory.resolve("relay.sock"),
                "--data=" + directory.resolve("data"),
                "--key-file=" + directory.resolve("key"),
                "--tor=managed",
                "--tor-extra=" + extra,
                "--self-probe=0s",
                "--argon2=m=8192,t=1,p=1");
        relay.awaitLine("ready ", ONION_SECONDS_MAX);
        return relay;
    }

    private Member member(String name) {
        return Objects.requireNonNull(people.get(name), name);
    }

    /** All of them at the same moment. */
    private static void each(Collection<Member> members, Function<Member, Object> step) throws Exception {
        Together.run(members.stream()
                .map(member -> (Callable<Object>) () -> step.apply(member))
                .toArray(Callable<?>[]::new));
    }

    /** One makes the group; one invite of four uses lets the others in, all at once, each in an epoch of their own. */
    private void come() throws Exception {
        each(people.values(), member -> {
            assertEquals(10, member.client.register(member.name, PASSWORD).size());
            if (AT_SOCKETS.contains(member.name)) {
                member.open();
            }
            return member;
        });
        Member olga = member("olga");
        group = olga.client.createGroup("a sealed profile").groupId();
        String invite = olga.client.invite("group", group, people.size() - 1, Duration.ofHours(1));
        List<Member> guests = new ArrayList<>(people.values());
        guests.remove(olga);
        each(guests, guest -> {
            assertEquals(new Invited("group", "@olga", group), guest.client.redeem(invite));
            return guest;
        });
        assertEquals("not_found", code(() -> member("mia").client.redeem(invite)), "an invite of four uses");
        inside.addAll(people.keySet());
        epoch = people.size();
        requireGroup();
    }

    /** Every member sees the same epoch and the same members. */
    private void requireGroup() throws Exception {
        Set<String> names = new TreeSet<>();
        inside.forEach(name -> names.add("@" + name));
        each(inside.stream().map(this::member).toList(), member -> {
            GroupView view = member.client.group(group);
            assertEquals(epoch, view.epoch());
            assertEquals(
                    names,
                    new TreeSet<>(view.members().stream()
                            .map(GroupView.Member::username)
                            .toList()));
            return member;
        });
    }

    private void handKeysRound() throws Exception {
        Map<String, String> keys = new HashMap<>();
        for (String name : inside) {
            if (!name.equals("olga")) {
                keys.put("@" + name, "key-for-" + name + "-of-" + (epoch + 1));
            }
        }
        RelayClient olga = member("olga").client;
        assertEquals("stale_epoch", code(() -> olga.rekey(group, keys, epoch - 1)));
        assertEquals(new GroupView.HandedRound("", epoch + 1, keys.size(), 0), olga.rekey(group, keys, epoch));
        epoch++;
        for (String name : inside) {
            if (!name.equals("olga")) {
                member(name).keys.add("key-for-" + name + "-of-" + epoch);
            }
        }
    }

    private String word(String from) {
        String word = from + " " + words++;
        inside.stream()
                .filter(name -> !name.equals(from))
                .forEach(name -> member(name).expected.add(word));
        return word;
    }

    /** Those at sockets by a frame, the others by a call. */
    private void everybodySpeaks() throws Exception {
        for (String name : inside) {
            Member member = member(name);
            assertEquals("stale_epoch", code(() -> member.client.sendToGroup(group, epoch - 1, "message", "too late")));
            if (AT_SOCKETS.contains(name)) {
                assertEquals(
                        "stored",
                        member.say(name + words, group, epoch, word(name)).status());
            } else {
                GroupView.HandedRound round = member.client.sendToGroup(group, epoch, "message", word(name));
                assertEquals(inside.size() - 1, round.members());
                assertEquals(0, round.membersFull());
            }
        }
    }

    /** Everybody has everything, and nobody has anything else: what is committed for one is committed for all. */
    private void arrived() throws Exception {
        each(people.values(), member -> {
            member.await();
            return member;
        });
        for (Member member : people.values()) {
            member.read();
            member.requireNothingElse();
        }
    }

    private void meetInARoom() {
        room = member("adam").client.makeRoom();
        for (String name : AT_SOCKETS) {
            member(name).socket().joinRoom(room);
            Await.until(name + " in the room", ARRIVAL_SECONDS_MAX, () -> member(name)
                    .heard("in " + room));
        }
        assertEquals(2, member("max").client.roomMembers(room));
        member("max").socket().signalRoom(room, "offer", "a word");
        Await.until(
                "a word in the room", ARRIVAL_SECONDS_MAX, () -> member("adam").heard("offer a word"));
    }

    private void leaveOut(String name) throws Exception {
        Member gone = member(name);
        member("olga").client.removeMember(group, "@" + name);
        inside.remove(name);
        epoch++;
        requireGroup();
        assertEquals("not_found", code(() -> gone.client.group(group)));
        assertEquals("not_found", code(() -> gone.client.sendToGroup(group, epoch, "message", "from outside")));
        assertEquals(
                "stale_epoch",
                code(() -> member("olga").client.rekey(group, Map.of("@" + name, "no-key-for-" + name), epoch)));
        requireGroup();
    }

    /** Each finds the way again; only then are calls made that must not be made twice. */
    private void comeBack() throws Exception {
        each(people.values(), member -> {
            Await.until("the way back of " + member.name, ONION_SECONDS_MAX, member::reaches);
            if (AT_SOCKETS.contains(member.name)) {
                Await.until("a new socket of " + member.name, ONION_SECONDS_MAX, member::opens);
            }
            return member;
        });
    }

    private void nothingOfTheGroupIsLostAndNothingOfTheRoomIsLeft(Receipt first) throws Exception {
        requireGroup();
        arrived();
        Receipt again = member("adam").say("adam-once", group, epoch, "another content");
        assertEquals(first.eventId(), again.eventId(), "a retry is the same event, also after a kill");
        for (String name : AT_SOCKETS) {
            member(name).socket().joinRoom(room);
            Await.until("no room for " + name, ARRIVAL_SECONDS_MAX, () -> member(name)
                    .heard("refused not_found"));
        }
    }

    private void joinAgain(String name) throws Exception {
        String invite = member("adam").client.invite("group", group, 1, Duration.ofHours(1));
        assertEquals(new Invited("group", "@adam", group), member(name).client.redeem(invite));
        inside.add(name);
        epoch++;
        requireGroup();
    }

    private static String code(Runnable call) {
        return assertThrows(RelayRefused.class, call::run).code();
    }

    /** One person, what came for them and what should have come. */
    private static final class Member implements RelaySocket.Listener, AutoCloseable {
        private final String name;
        private final Carrier carrier;
        private final RelayClient client;
        private final Set<String> expected = new TreeSet<>();
        /** Those that were made for this person. */
        private final Set<String> keys = new TreeSet<>();

        /** Delivery is at least once: what was seen is known by its id. */
        private final Set<String> seen = new HashSet<>();

        private final List<String> messages = new ArrayList<>();
        private final Set<String> keysCame = new TreeSet<>();
        private final Set<String> rumours = new HashSet<>();
        private long ack = Poll.NOTHING;
        private volatile @Nullable RelaySocket socket;

        Member(String name, Carrier carrier) {
            this.name = name;
            this.carrier = carrier;
            this.client = new RelayClient(carrier);
        }

        void open() {
            socket = client.socket(this);
        }

        boolean opens() {
            try {
                open();
                return true;
            } catch (RelayUnreachable notYet) {
                return false;
            }
        }

        boolean reaches() {
            try {
                return !client.health().isEmpty()
                        && client.isSignedIn()
                        && client.groups().size() < 2;
            } catch (RelayUnreachable notYet) {
                return false;
            }
        }

        RelaySocket socket() {
            return Objects.requireNonNull(socket, name + " has none");
        }

        Receipt say(String id, String group, long epoch, String word) {
            try {
                return socket().sendToGroup(id, group, epoch, "message", word)
                        .orTimeout(ARRIVAL_SECONDS_MAX, TimeUnit.SECONDS)
                        .join();
            } catch (CompletionException failed) {
                throw new AssertionError(name + " hears no receipt", failed.getCause());
            }
        }

        /** Reads on until everything is there. */
        void await() {
            Await.until("everything for " + name, ARRIVAL_SECONDS_MAX, () -> {
                read();
                return hasAll();
            });
        }

        /** Of a poller; a socket reads by itself. */
        void read() {
            if (socket == null) {
                Events page = client.events(new Poll(hasAll() ? 0 : 5, ack, 100));
                page.events().forEach(this::take);
                ack = page.lastSeq();
            }
        }

        @Override
        public void event(Event event) {
            take(event);
            RelaySocket open = socket;
            if (open != null) {
                open.ack(event.seq());
            }
        }

        private synchronized void take(Event event) {
            if (!seen.add(event.eventId())) {
                return;
            }
            switch (event.kind()) {
                case "message" -> {
                    assertEquals("@" + event.payload().split(" ", -1)[0], event.fromUser());
                    messages.add(event.payload());
                }
                case "group.key" -> {
                    assertEquals("@olga", event.fromUser());
                    keysCame.add(event.payload().replaceFirst("(?s).*\"sealed_key\":\"([^\"]*)\".*", "$1"));
                }
                default -> rumours.add(event.kind());
            }
        }

        private synchronized boolean hasAll() {
            return messages.containsAll(expected) && keysCame.containsAll(keys);
        }

        synchronized void requireNothingElse() {
            assertEquals(new ArrayList<>(expected), messages.stream().sorted().toList(), name);
            assertEquals(keys, keysCame, name);
            Map<String, Integer> last = new HashMap<>();
            for (String message : messages) {
                String[] parts = message.split(" ", -1);
                int number = Integer.parseInt(parts[1]);
                @Nullable Integer before = last.put(parts[0], number);
                assertTrue(before == null || before < number, () -> "out of order for " + name + ": " + messages);
            }
        }

        @Override
        public void roomJoined(String room, String you, List<String> members) {
            hear("in " + room);
        }

        @Override
        public void roomSignal(String room, String from, String kind, String payload) {
            hear(kind + " " + payload);
        }

        @Override
        public void refused(RelayRefused refused) {
            hear("refused " + refused.code());
        }

        private synchronized void hear(String rumour) {
            rumours.add(rumour);
        }

        synchronized boolean heard(String rumour) {
            return rumours.contains(rumour);
        }

        @Override
        public void close() {
            carrier.close();
        }
    }
}
