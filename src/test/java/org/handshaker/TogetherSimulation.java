// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.handshaker.TogetherModel.Letter;
import org.handshaker.TogetherModel.Party;
import org.handshaker.TogetherModel.Person;
import org.handshaker.TogetherModel.Token;
import org.handshaker.connections.Connections;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secret;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.directory.Listing;
import org.handshaker.groups.Group;
import org.handshaker.groups.Groups;
import org.handshaker.groups.Role;
import org.handshaker.invites.Invite;
import org.handshaker.invites.Invites;
import org.handshaker.queue.Event;
import org.handshaker.queue.FanOut;
import org.handshaker.queue.Kind;
import org.handshaker.queue.Page;
import org.handshaker.queue.Queue;
import org.handshaker.queue.Ratchet;
import org.handshaker.queue.Receiver;
import org.handshaker.queue.ThreadTimer;
import org.handshaker.queue.Wanted;
import org.handshaker.rooms.Occupant;
import org.handshaker.rooms.Rooms;
import org.handshaker.rooms.Signal;
import org.handshaker.rooms.Tongue;
import org.handshaker.support.TestStore;
import org.handshaker.support.TestTime;
import org.handshaker.support.Together;
import org.jspecify.annotations.Nullable;

/** Groups, invites and rooms over a real store, wired as the relay wires them, and their model, moved by the same dice. */
final class TogetherSimulation implements AutoCloseable {
    private static final List<String> NAMES = List.of("ann", "ben", "cat", "dan", "eve", "fay");
    private static final int ROOM_MEMBERS_MAX = 3;
    private static final int EVENTS_MAX = 90;
    private static final Role[] ROLES = Role.values();

    private final TestTime time = new TestTime();
    private final TestStore store;
    private final Random random;
    private final TogetherModel model = new TogetherModel();
    private final Map<String, Person> people = new LinkedHashMap<>();
    private final Map<Person, Device> devices = new HashMap<>();
    private final Map<Person, Guest> guests = new HashMap<>();
    /** All that ever were, and one that never was. */
    private final List<String> groupsMade = new ArrayList<>(List.of(Id.random().text()));

    private final List<String> tokensMade = new ArrayList<>(List.of("nonsense"));
    private final List<Id> roomsMade = new ArrayList<>(List.of(Id.random()));
    /** To be sent again. */
    private final List<Sent> sent = new ArrayList<>();

    private Ratchet ratchet;
    private Directory directory;
    private Queue queue;
    private Connections connections;
    private Groups groups;
    private Invites invites;
    private Rooms rooms;

    private record Sent(Person sender, String group, String payload) {}

    private record Open(Sent sent, long epoch, CompletableFuture<FanOut> answer) {}

    /** Writes down what is pushed to it, over all lives of the relay. */
    private static final class Device extends Receiver {
        private final Set<String> heard = new HashSet<>();

        @Override
        protected synchronized void push(Event event) {
            if (event.from() != null) {
                heard.add(text(event));
            }
        }

        synchronized Set<String> heard() {
            return Set.copyOf(heard);
        }
    }

    private static final class Guest implements Occupant {
        private static final Tongue PLAIN = new Tongue() {
            @Override
            public List<byte[]> joined(String room, String you, List<String> members) {
                return List.of(new byte[] {1});
            }

            @Override
            public byte[] moved(String room, String clientId, Move move) {
                return new byte[] {1};
            }

            @Override
            public byte[] signal(String room, String from, Signal signal) {
                return signal.payload().getBytes(StandardCharsets.UTF_8);
            }
        };

        private int heard;

        @Override
        public Tongue tongue() {
            return PLAIN;
        }

        @Override
        public void hear(byte[] frame) {
            heard++;
        }
    }

    TogetherSimulation(Path directory, Random random) {
        this.store = new TestStore(directory);
        this.random = random;
        this.ratchet = store.ratchet(time);
        this.directory = Directory.open(store.database(), store.vault());
        this.queue = queue();
        this.connections = new Connections(store.database(), this.directory, queue, store.vault(), time);
        this.groups = new Groups(store.database(), store.vault(), this.directory, connections, queue);
        this.invites = new Invites(store.database(), store.vault(), this.directory, connections, groups, time);
        this.rooms = new Rooms(ROOM_MEMBERS_MAX);
        whenGone();
        model.now = time.instant();
        NAMES.forEach(this::arrive);
    }

    private Queue queue() {
        return new Queue(
                store.database(),
                store.vault(),
                ratchet,
                new Queue.Times(Duration.ZERO, Duration.ofMinutes(2), TogetherModel.LIFE),
                (viewer, user) -> false,
                new ThreadTimer());
    }

    private void whenGone() {
        directory.whenGone(queue::accountGone);
        directory.whenGone(connections);
        directory.whenGone(groups);
        directory.whenGone(invites);
    }

    /** Another life over the same files: what was in memory only is gone. */
    private void live() {
        ratchet = store.ratchet(time);
        directory = Directory.open(store.database(), store.vault());
        queue = queue();
        connections = new Connections(store.database(), directory, queue, store.vault(), time);
        groups = new Groups(store.database(), store.vault(), directory, connections, queue);
        invites = new Invites(store.database(), store.vault(), directory, connections, groups, time);
        rooms = new Rooms(ROOM_MEMBERS_MAX);
        whenGone();
        model.rooms.clear();
        Map.copyOf(devices).keySet().forEach(this::listen);
    }

    private void arrive(String name) {
        put(name, store.database().write(handle -> directory
                .create(handle, Id.random(), new Username(name), Listing.EXACT_NAME, time.instant())
                .id()));
    }

    private void put(String name, Id id) {
        Person person = new Person(name, id);
        people.put(name, person);
        guests.put(person, new Guest());
    }

    private void listen(Person person) {
        Device device = new Device();
        devices.put(person, device);
        queue.connect(person.id, device);
    }

    // --- dice

    private Person anybody() {
        return Objects.requireNonNull(people.get(NAMES.get(random.nextInt(NAMES.size()))));
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    /** Mostly one that is there. */
    private String anyGroup() {
        List<String> there = List.copyOf(model.groups.keySet());
        return there.isEmpty() || chance(10) ? any(groupsMade) : any(there);
    }

    /** Mostly one who is in it. */
    private Person anyIn(String group) {
        @Nullable Party party = model.groups.get(group);
        return party == null || chance(20) ? anybody() : any(List.copyOf(party.members.keySet()));
    }

    private <T> T any(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    // --- steps

    String step() {
        int dice = random.nextInt(1_000);
        if (dice < 40) {
            return create();
        }
        if (dice < 80) {
            return connect();
        }
        if (dice < 180) {
            return addOrRemove();
        }
        if (dice < 230) {
            return role();
        }
        if (dice < 290) {
            return rekey();
        }
        if (dice < 300) {
            String group = anyGroup();
            Person actor = anyIn(group);
            return both("deletes a group", () -> model.delete(actor, group), () -> {
                groups.delete(actor.id, group);
                return "deleted";
            });
        }
        if (dice < 530) {
            return send();
        }
        if (dice < 620) {
            return invite();
        }
        if (dice < 740) {
            return redeem();
        }
        if (dice < 760) {
            return crowd();
        }
        if (dice < 850) {
            return ack(anybody());
        }
        if (dice < 920) {
            return inRooms();
        }
        if (dice < 950) {
            return time();
        }
        if (dice < 965) {
            return device();
        }
        return dice < 975 ? gone() : disaster();
    }

    private static Object result(Supplier<Object> attempt) {
        try {
            return attempt.get();
        } catch (Refused refused) {
            return refused.reason();
        }
    }

    /** What the relay says is what the model says. */
    private static String both(String what, Supplier<Object> expected, Supplier<Object> actual) {
        Object said = result(actual);
        assertEquals(result(expected), said, what);
        return what + ": " + said;
    }

    private String create() {
        Person actor = anybody();
        String group = Id.random().text();
        groupsMade.add(group);
        return both("makes a group", () -> model.create(actor, group), () -> groups.create(actor.id, group, null)
                .epoch());
    }

    private String connect() {
        Person one = anybody();
        Person other = anybody();
        if (one == other) {
            return "nothing";
        }
        if (model.areConnected(one, other)) {
            if (chance(50)) {
                return "nothing";
            }
            connections.remove(one.id, new Username(other.name));
            model.part(one, other);
            return one.name + " parts from " + other.name;
        }
        connections.ask(one.id, new Username(other.name), null);
        connections.ask(other.id, new Username(one.name), null);
        model.pairs.add(Set.of(one, other));
        return one.name + " connects with " + other.name;
    }

    private String addOrRemove() {
        String group = anyGroup();
        Person actor = anyIn(group);
        if (chance(65)) {
            Person joiner = anybody();
            return both(actor.name + " adds " + joiner.name, () -> model.add(actor, group, joiner), () -> groups.add(
                            actor.id, group, new Username(joiner.name))
                    .epoch());
        }
        Person leaver = chance(40) ? actor : anyIn(group);
        return both(actor.name + " removes " + leaver.name, () -> model.remove(actor, group, leaver), () -> {
            groups.remove(actor.id, group, new Username(leaver.name));
            return "removed";
        });
    }

    private String role() {
        String group = anyGroup();
        Person actor = anyIn(group);
        Person member = anyIn(group);
        Role role = ROLES[random.nextInt(ROLES.length)];
        return both(
                actor.name + " makes " + member.name + " " + role,
                () -> model.setRole(actor, group, member, role),
                () -> groups.setRole(actor.id, group, new Username(member.name), role)
                        .epoch());
    }

    private long epochOf(String group) {
        @Nullable Party party = model.groups.get(group);
        return party == null ? 1 : party.epoch;
    }

    private String rekey() {
        String group = anyGroup();
        Person actor = anyIn(group);
        long epoch = epochOf(group) - (chance(10) ? 1 : 0);
        List<Person> keyed = new ArrayList<>();
        for (Person person : people.values()) {
            @Nullable Party party = model.groups.get(group);
            boolean isIn = party != null && party.members.containsKey(person);
            if (person != actor && (isIn ? chance(80) : chance(2))) {
                keyed.add(person);
            }
        }
        Map<Username, String> keys = new LinkedHashMap<>();
        keyed.forEach(
                person -> keys.put(new Username(person.name), TogetherModel.key(person, group, epochOf(group) + 1)));
        return both(actor.name + " renews keys", () -> model.rekey(actor, group, epoch, keyed), () -> {
            Groups.Rekeyed done = groups.rekey(actor.id, group, keys, epoch, null);
            assertEquals(keyed.size(), done.handed());
            assertEquals(0, done.full());
            return done.group().epoch();
        });
    }

    private String send() {
        if (!sent.isEmpty() && chance(15)) {
            Sent again = sent.get(sent.size() - 1 - random.nextInt(Math.min(30, sent.size())));
            return people.containsValue(again.sender) ? "again, " + send(again, epochOf(again.group)) : "gone";
        }
        String group = anyGroup();
        Sent one = new Sent(anyIn(group), group, "p" + sent.size());
        sent.add(one);
        return send(one, epochOf(group) - (chance(15) ? 1 : 0));
    }

    private String send(Sent one, long epoch) {
        Duration ttl = chance(20) ? Duration.ofSeconds(1 + random.nextInt(100_000)) : TogetherModel.LIFE;
        Supplier<Object> actual = () -> {
            try {
                FanOut out = offer(one, epoch, ttl).join();
                assertEquals(0, out.full());
                return out.stored();
            } catch (CompletionException failed) {
                if (failed.getCause() instanceof Refused refused) {
                    throw refused;
                }
                throw failed;
            }
        };
        return both(
                one.sender.name + " sends " + one.payload + " in " + epoch,
                () -> model.send(one.sender, one.group, epoch, one.payload, ttl),
                actual);
    }

    private CompletableFuture<FanOut> offer(Sent one, long epoch, Duration ttl) {
        return groups.send(one.sender.id, one.group, epoch, new Kind("message"), one.payload, one.payload, ttl);
    }

    private String invite() {
        if (chance(15)) {
            Person actor = anybody();
            Person owner = anybody();
            List<Token> theirs = model.goodOf(owner);
            Id id = theirs.isEmpty() ? Id.random() : any(theirs).id;
            return both("takes an invite back", () -> model.revoke(actor, id), () -> {
                invites.revoke(actor.id, id);
                return "revoked";
            });
        }
        Invite.Kind kind = chance(60) ? Invite.Kind.GROUP : chance(60) ? Invite.Kind.CONNECTION : Invite.Kind.REGISTER;
        @Nullable String group = kind == Invite.Kind.GROUP ? anyGroup() : null;
        Person actor = group == null ? anybody() : anyIn(group);
        int uses = 1 + random.nextInt(4);
        Duration life = Duration.ofSeconds(1 + random.nextInt(chance(50) ? 2_000_000 : 200));
        return both(
                actor.name + " makes an invite of kind " + kind,
                () -> {
                    model.requireMayInvite(actor, group);
                    return "made";
                },
                () -> {
                    Invites.Made made = invites.make(actor.id, kind, group, uses, life);
                    String token = new String(made.token().chars());
                    model.invites.put(token, new Token(token, made.invite(), actor));
                    tokensMade.add(token);
                    return "made";
                });
    }

    private String anyToken() {
        List<String> there = List.copyOf(model.invites.keySet());
        return there.isEmpty() || chance(10) ? any(tokensMade) : any(there);
    }

    private static Object cameOf(Invites.Redeemed redeemed) {
        @Nullable Group group = redeemed.group();
        return group == null ? "connected" : (Object) group.epoch();
    }

    private String redeem() {
        String token = anyToken();
        Person actor = anybody();
        if (chance(75)) {
            return both(
                    actor.name + " redeems",
                    () -> model.redeem(actor, token),
                    () -> cameOf(invites.redeem(actor.id, secret(token))));
        }
        if (chance(50)) {
            // Whoever does not come after all has used nothing.
            assertEquals(Reason.USERNAME_TAKEN, result(() -> store.database().write(handle -> {
                boolean unused = invites.use(handle, secret(token));
                throw Reason.USERNAME_TAKEN.refuse();
            })));
            return "a registration that fails";
        }
        String name = actor.name;
        leave(actor);
        String what = both("somebody registers as " + name, () -> model.register(token), () -> {
            put(name, register(token, name));
            return "registered";
        });
        if (people.get(name) == actor) {
            arrive(name);
        }
        return what;
    }

    private static Secret secret(String token) {
        return Secret.of(token.toCharArray());
    }

    private Id register(String token, String name) {
        return store.database().write(handle -> {
            if (!invites.use(handle, secret(token))) {
                throw Reason.NOT_FOUND.refuse();
            }
            return directory
                    .create(handle, Id.random(), new Username(name), Listing.EXACT_NAME, time.instant())
                    .id();
        });
    }

    private void leave(Person person) {
        store.database().write(handle -> {
            directory.remove(handle, person.id);
            return person;
        });
        rooms.leaveAll(guest(person));
        model.rooms.values().forEach(members -> members.remove(guest(person)));
        model.rooms.values().removeIf(Set::isEmpty);
        model.gone(person);
        devices.remove(person);
    }

    private Guest guest(Person person) {
        return Objects.requireNonNull(guests.get(person));
    }

    private String gone() {
        Person person = anybody();
        leave(person);
        arrive(person.name);
        return "another " + person.name;
    }

    /** Everybody redeems the same invite to a group at the same moment; who was first is seen by the epochs. */
    private String crowd() {
        List<Token> into = model.invites.values().stream()
                .filter(token -> token.kind == Invite.Kind.GROUP)
                .toList();
        if (into.isEmpty()) {
            return "no invite to a group";
        }
        Token token = any(into);
        List<Person> all = List.copyOf(people.values());
        List<Object> results;
        try {
            results = Together.run(all.stream()
                    .map(person -> (Callable<Object>) () -> cameOf(invites.redeem(person.id, secret(token.token))))
                    .toArray(Callable<?>[]::new));
        } catch (Exception broken) {
            throw new AssertionError("of a crowd", broken);
        }
        Map<Long, Person> joined = new TreeMap<>();
        for (int i = 0; i < all.size(); i++) {
            if (results.get(i) instanceof Long epoch) {
                joined.put(epoch, all.get(i));
            }
        }
        joined.forEach((epoch, person) -> assertEquals(epoch, model.redeem(person, token.token), "of a crowd"));
        if (token.group != null && joined.size() > 1) {
            model.crowded.add(token.group);
        }
        for (int i = 0; i < all.size(); i++) {
            Person person = all.get(i);
            if (results.get(i) instanceof Reason reason) {
                // Whoever was in it before may have come while there were uses left.
                boolean isEarly = reason == Reason.ALREADY_MEMBER && isIn(person, token.group);
                if (!isEarly) {
                    assertEquals(result(() -> model.redeem(person, token.token)), reason, "of a crowd");
                }
            }
        }
        return "a crowd, of which " + joined.size() + " come";
    }

    private boolean isIn(Person person, @Nullable String group) {
        @Nullable Party party = model.groups.get(group == null ? "" : group);
        return party != null && party.members.containsKey(person);
    }

    private String ack(Person person) {
        queue.ackUpTo(person.id, Wanted.EVERYTHING, Long.MAX_VALUE).join();
        model.ack(person);
        return person.name + " acks";
    }

    private String device() {
        Person person = anybody();
        @Nullable Device there = devices.remove(person);
        if (there != null) {
            queue.disconnect(person.id, there);
            requireMeant(person, there);
            return "a device goes";
        }
        listen(person);
        return "a device comes";
    }

    private String time() {
        Duration passing = Duration.ofSeconds(1 + (chance(70) ? random.nextInt(3_000) : random.nextInt(400_000)));
        time.advance(passing);
        model.now = time.instant();
        if (chance(50)) {
            return passing + " pass";
        }
        forgetHours();
        int rows;
        do {
            rows = store.database().<Integer>write(handle -> queue.expire(handle, time.instant()))
                    + store.database().<Integer>write(handle -> invites.expire(handle, time.instant()));
        } while (rows > 0);
        model.sweep(new HashSet<>(people.values()));
        assertEquals(model.bodies.size(), count("shared_bodies"), "bodies after a sweep");
        assertEquals(model.invites.size(), count("invites"), "invites after a sweep");
        return "a sweep after " + passing;
    }

    private void forgetHours() {
        try {
            ratchet.advance();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private String inRooms() {
        Person person = anybody();
        Guest guest = guest(person);
        Id room = any(roomsMade.subList(Math.max(0, roomsMade.size() - 12), roomsMade.size()));
        int before = guests.values().stream().mapToInt(each -> each.heard).sum();
        Supplier<Object> heard =
                () -> guests.values().stream().mapToInt(each -> each.heard).sum() - before;
        return switch (random.nextInt(5)) {
            case 0 -> {
                Id made = rooms.make(person.id);
                rooms.join(guest, person.id, made);
                roomsMade.add(made);
                model.rooms.put(made, new LinkedHashSet<>(Set.of(guest)));
                yield "a room";
            }
            case 1, 2 ->
                both("joins a room", () -> model.join(guest, room, ROOM_MEMBERS_MAX), () -> {
                    rooms.join(guest, person.id, room);
                    return heard.get();
                });
            case 3 ->
                both("speaks in a room", () -> model.signal(guest, room), () -> {
                    rooms.signal(guest, room, new Signal("offer", null, "x"));
                    return heard.get();
                });
            default ->
                both("leaves a room", () -> model.leave(guest, room), () -> {
                    rooms.leave(guest, room);
                    return heard.get();
                });
        };
    }

    // --- disasters

    private String disaster() {
        if (chance(30)) {
            queue.close();
            store.reopen();
            live();
            return "restart";
        }
        return chance(60) ? killWhileSending() : killWhileJoining();
    }

    private void kill(Runnable atThatMoment) {
        Queue before = queue;
        store.kill(atThatMoment);
        before.close();
        live();
    }

    /** What was told is there; of what was not told each event is with all or with nobody, and none without those before it. */
    private String killWhileSending() {
        List<Open> open = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            String group = anyGroup();
            Sent one = new Sent(anyIn(group), group, "p" + sent.size());
            sent.add(one);
            long epoch = epochOf(group);
            try {
                open.add(new Open(one, epoch, offer(one, epoch, TogetherModel.LIFE)));
            } catch (Refused refused) {
                assertEquals(
                        refused.reason(),
                        result(() -> model.send(one.sender, group, epoch, one.payload, TogetherModel.LIFE)));
            }
        }
        Set<Open> told = ConcurrentHashMap.newKeySet();
        kill(() -> open.stream()
                .filter(each -> each.answer.isDone() && !each.answer.isCompletedExceptionally())
                .forEach(told::add));
        boolean isLost = false;
        for (Open each : open) {
            Set<Person> having = new HashSet<>();
            people.values().stream()
                    .filter(person -> texts(person).contains(each.sent.payload))
                    .forEach(having::add);
            Set<Person> others = new HashSet<>(
                    model.of(each.sent.sender, each.sent.group).members.keySet());
            others.remove(each.sent.sender);
            if (!others.isEmpty()) {
                assertTrue(having.isEmpty() || having.equals(others), "a part of a fan-out outlived a kill");
                assertTrue(!having.isEmpty() || !told.contains(each), "told and lost");
                assertTrue(having.isEmpty() || !isLost, "what came later is there, and what came before is not");
                isLost |= having.isEmpty();
            }
            if (!having.isEmpty()) {
                model.send(each.sent.sender, each.sent.group, each.epoch, each.sent.payload, TogetherModel.LIFE);
            }
        }
        return "kill while " + open.size() + " are sent, " + told.size() + " told";
    }

    /** Whoever was let in has cost one use, whoever was told is in, and nobody else has changed anything. */
    private String killWhileJoining() {
        List<Token> into = model.invites.values().stream()
                .filter(token -> token.kind == Invite.Kind.GROUP && isIn(token.maker, token.group))
                .toList();
        if (into.isEmpty()) {
            kill(() -> {});
            return "kill";
        }
        Token token = any(into);
        String group = Objects.requireNonNull(token.group);
        Set<Person> before = new HashSet<>(
                Objects.requireNonNull(model.groups.get(group)).members.keySet());
        Map<Person, Object> told = new ConcurrentHashMap<>();
        Invites living = invites;
        List<Thread> threads = new ArrayList<>();
        for (Person person : people.values()) {
            Thread thread = new Thread(() -> {
                try {
                    told.put(person, cameOf(living.redeem(person.id, secret(token.token))));
                } catch (RuntimeException refusedOrKilled) {
                    // Either is possible, and neither tells whether it happened.
                    told.remove(person);
                }
            });
            threads.add(thread);
            thread.start();
        }
        Map<Person, Object> toldByThen = new HashMap<>();
        kill(() -> toldByThen.putAll(told));
        for (Thread thread : threads) {
            try {
                thread.join(TimeUnit.SECONDS.toMillis(60));
            } catch (InterruptedException interrupted) {
                throw new AssertionError(interrupted);
            }
            assertTrue(!thread.isAlive(), "waits for a store that is dead");
        }
        List<Person> joined = new ArrayList<>();
        for (Group.Member member : groups.show(token.maker.id, group).members()) {
            people.values().stream()
                    .filter(person -> person.id.equals(member.user()) && !before.contains(person))
                    .forEach(joined::add);
        }
        for (Person person : joined) {
            Object epoch = model.redeem(person, token.token);
            assertEquals(epoch, toldByThen.getOrDefault(person, epoch), "of a crowd that a kill broke off");
        }
        if (joined.size() > 1) {
            model.crowded.add(group);
        }
        assertTrue(joined.containsAll(toldByThen.keySet()), "told and not let in");
        return "kill while all redeem, " + joined.size() + " in, " + toldByThen.size() + " told";
    }

    // --- comparing

    private static String text(Event event) {
        return event.kind().equals("group.key")
                ? event.payload().replaceFirst("(?s).*\"sealed_key\":\"([^\"]*)\".*", "$1")
                : event.payload();
    }

    private Page page(Person person) {
        return queue.page(person.id, Wanted.EVERYTHING, 1_000);
    }

    private List<String> texts(Person person) {
        return page(person).events().stream()
                .filter(event -> event.from() != null)
                .map(TogetherSimulation::text)
                .toList();
    }

    /** One person's part of the world each time, now and then everything. */
    void compare(int step) {
        if (step % 20 == 0) {
            people.values().forEach(this::compare);
            compareAll();
        } else {
            compare(anybody());
        }
        people.values().stream()
                .filter(person -> person.letters.size() > EVENTS_MAX)
                .forEach(this::ack);
    }

    private void compare(Person person) {
        Page page = page(person);
        assertTrue(!page.more(), "the simulation reads too little");
        assertEquals(
                model.visible(person).map(Letter::text).toList(),
                page.events().stream()
                        .filter(event -> event.from() != null)
                        .map(TogetherSimulation::text)
                        .toList(),
                "queue of " + person.name);
        compareNews(person, page);
        Set<String> theirs = new TreeSet<>();
        groups.of(person.id).forEach(group -> theirs.add(group.id() + " " + group.epoch()));
        Set<String> expected = new TreeSet<>();
        model.groups.forEach((id, party) -> {
            if (party.members.containsKey(person)) {
                expected.add(id + " " + party.epoch);
            }
        });
        assertEquals(expected, theirs, "groups of " + person.name);
        Set<String> good = new TreeSet<>();
        model.goodOf(person).forEach(token -> good.add(token.id.text() + " " + token.uses));
        Set<String> told = new TreeSet<>();
        invites.of(person.id).forEach(invite -> told.add(invite.id().text() + " " + invite.usesLeft()));
        assertEquals(good, told, "invites of " + person.name);
    }

    /** The last of each group tells the epoch that is; there are two only where two changes were committed together. */
    private void compareNews(Person person, Page page) {
        Map<String, String> changed = new TreeMap<>();
        Set<String> removed = new TreeSet<>();
        for (Event event : page.events()) {
            String group = event.payload().replaceFirst("(?s).*\"group_id\":\"([^\"]*)\".*", "$1");
            if (event.kind().equals("group.changed")) {
                @Nullable String earlier = changed.put(group, event.payload());
                assertTrue(earlier == null || model.crowded.contains(group), "two pieces of news of one group");
            } else if (event.kind().equals("group.removed")) {
                assertTrue(removed.add(group), "told twice to be out");
            }
        }
        Map<String, String> expected = new TreeMap<>();
        fresh(person.changed)
                .forEach(group ->
                        expected.put(group, "{\"group_id\":\"" + group + "\",\"epoch\":" + epochOf(group) + "}"));
        assertEquals(expected, changed, "what " + person.name + " has heard of groups");
        assertEquals(fresh(person.removed), removed, "what " + person.name + " was told to be out of");
    }

    private Set<String> fresh(Map<String, Instant> news) {
        Set<String> fresh = new TreeSet<>();
        news.forEach((group, until) -> {
            if (until.isAfter(model.now)) {
                fresh.add(group);
            }
        });
        return fresh;
    }

    private void compareAll() {
        model.groups.forEach((id, party) -> {
            List<String> members = party.members.entrySet().stream()
                    .map(each -> each.getKey().id.text() + " " + each.getValue())
                    .toList();
            Group group = groups.show(party.members.keySet().iterator().next().id, id);
            assertEquals(
                    members,
                    group.members().stream()
                            .map(member -> member.user().text() + " " + member.role())
                            .toList(),
                    "members");
            assertTrue(party.members.containsValue(Role.OWNER), "nobody owns it");
        });
        assertEquals(model.groups.size(), count("groups"));
        assertEquals(
                model.groups.values().stream()
                        .mapToInt(party -> party.members.size())
                        .sum(),
                count("memberships"));
        int bodies = count("shared_bodies");
        assertTrue(bodies >= model.bodiesNeeded(), "a body is gone that somebody needs");
        assertTrue(bodies <= model.bodies.size(), () -> "a body stays that nobody needs: " + bodies);
        assertTrue(count("invites") <= model.invites.size(), "an invite stays");
        assertEquals(model.rooms.size(), rooms.count(), "rooms");
        // A change of nothing: when it is over, so is all pushing of what was committed before.
        store.database().write(handle -> true);
        store.database().write(handle -> true);
        devices.forEach(this::requireMeant);
    }

    /** Nothing that was not meant for them; and what waits for them has been shown. */
    private void requireMeant(Person person, Device device) {
        Set<String> heard = device.heard();
        heard.forEach(text -> assertTrue(person.ever.contains(text), () -> person.name + " hears " + text));
        model.visible(person)
                .forEach(letter -> assertTrue(heard.contains(letter.text()), () -> person.name + " misses one"));
    }

    private int count(String table) {
        return store.database().read(handle -> handle.createQuery("SELECT count(*) FROM " + table)
                .mapTo(Integer.class)
                .one());
    }

    /** Everybody goes: nothing is left of anything. */
    void finish() {
        people.values().forEach(this::leave);
        for (String table : List.of("groups", "memberships", "shared_bodies", "invites", "events")) {
            assertEquals(0, count(table), table);
        }
        assertEquals(0, rooms.count());
    }

    @Override
    public void close() {
        queue.close();
        store.close();
    }
}
