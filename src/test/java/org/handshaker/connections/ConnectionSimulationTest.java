// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Username;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random operations, jumps in time, sweeps, restarts and deleted accounts, each compared with a model that knows nothing of
 * SQL. A failure names its seed; {@code -Dseed=N} runs that one again.
 */
class ConnectionSimulationTest {
    private static final int RUNS = 8;
    private static final int STEPS = 200;
    private static final List<String> NAMES = List.of("ann", "ben", "cat", "dan", "eve");

    @TempDir
    Path directory;

    static LongStream seeds() {
        Long asked = Long.getLong("seed");
        return asked == null ? new Random().longs(RUNS) : LongStream.of(asked);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void behavesAsItsModel(long seed) throws Exception {
        try (People people = new People(Files.createDirectories(directory.resolve("run" + seed)))) {
            Simulation simulation = new Simulation(people, new Random(seed));
            for (int step = 0; step < STEPS; step++) {
                String what = "seed " + seed + ", step " + step + ": ";
                try {
                    what += simulation.step();
                    simulation.compare();
                } catch (RuntimeException | AssertionError failed) {
                    throw new AssertionError(what, failed);
                }
            }
        }
    }

    /** What should be true: pairs in order are {@code "asker>addressee"}, connections are {@code "low+high"}. */
    private static final class Model {
        record Wish(Id id, String asker, String addressee, Instant expiresAt, boolean hidden) {}

        final Set<String> connected = new TreeSet<>();
        final Set<String> blocks = new TreeSet<>();
        final TreeMap<String, Wish> wishes = new TreeMap<>();

        static String both(String one, String other) {
            return one.compareTo(other) < 0 ? one + "+" + other : other + "+" + one;
        }

        void forgetExpired(Instant now) {
            wishes.values().removeIf(wish -> !now.isBefore(wish.expiresAt));
        }

        Object ask(String asker, String addressee) {
            if (asker.equals(addressee)) {
                return Reason.NOT_WITH_YOURSELF;
            }
            if (connected.contains(both(asker, addressee))) {
                return Reason.ALREADY_CONNECTED;
            }
            if (wishes.containsKey(addressee + ">" + asker)) {
                wishes.remove(addressee + ">" + asker);
                blocks.remove(asker + ">" + addressee);
                connected.add(both(asker, addressee));
                return Outcome.ACCEPTED;
            }
            if (wishes.containsKey(asker + ">" + addressee)) {
                return Reason.ALREADY_REQUESTED;
            }
            blocks.remove(asker + ">" + addressee);
            return Outcome.PENDING;
        }

        void asked(String asker, String addressee, Request request) {
            wishes.put(
                    asker + ">" + addressee,
                    new Wish(
                            request.id(),
                            asker,
                            addressee,
                            request.expiresAt(),
                            blocks.contains(addressee + ">" + asker)));
        }

        Object respond(String user, Id id, Answer answer) {
            for (Wish wish : wishes.values()) {
                if (wish.id.equals(id) && wish.addressee.equals(user) && !wish.hidden) {
                    if (answer == Answer.BLOCK) {
                        block(user, wish.asker);
                        return Outcome.BLOCKED;
                    }
                    wishes.remove(wish.asker + ">" + user);
                    if (answer == Answer.DECLINE) {
                        return Outcome.DECLINED;
                    }
                    connected.add(both(user, wish.asker));
                    return Outcome.ACCEPTED;
                }
            }
            return Reason.NOT_FOUND;
        }

        Object remove(String user, String peer) {
            return connected.remove(both(user, peer)) ? "removed" : Reason.NOT_FOUND;
        }

        Object block(String user, String blocked) {
            if (user.equals(blocked)) {
                return Reason.NOT_WITH_YOURSELF;
            }
            connected.remove(both(user, blocked));
            wishes.remove(user + ">" + blocked);
            wishes.computeIfPresent(
                    blocked + ">" + user,
                    (pair, wish) -> new Wish(wish.id, wish.asker, wish.addressee, wish.expiresAt, true));
            blocks.add(user + ">" + blocked);
            return "blocked";
        }

        void gone(String user) {
            connected.removeIf(pair -> List.of(pair.split("\\+")).contains(user));
            wishes.values().removeIf(wish -> wish.asker.equals(user) || wish.addressee.equals(user));
            blocks.removeIf(pair -> List.of(pair.split(">")).contains(user));
        }
    }

    private static final class Simulation {
        private final People people;
        private final Random random;
        private final Model model = new Model();
        private final List<Request> everSeen = new ArrayList<>();

        Simulation(People people, Random random) {
            this.people = people;
            this.random = random;
            NAMES.forEach(people::user);
        }

        String step() {
            String one = anyName();
            String other = anyName();
            switch (random.nextInt(20)) {
                case 0, 1, 2, 3, 4, 5 -> ask(one, other);
                case 6, 7, 8, 9, 10 -> respond(one);
                case 11, 12 ->
                    expect(model.remove(one, other), () -> {
                        people.remove(one, other);
                        return "removed";
                    });
                case 13 ->
                    expect(model.block(one, other), () -> {
                        people.block(one, other);
                        return "blocked";
                    });
                case 14 -> {
                    people.unblock(one, other);
                    model.blocks.remove(one + ">" + other);
                }
                case 15, 16 -> {
                    people.time.advance(Duration.ofSeconds(random.nextInt(4 * 86_400)));
                    model.forgetExpired(people.time.instant());
                }
                case 17 -> people.sweep();
                case 18 -> people.reopen();
                default -> {
                    people.deleteAccount(one);
                    people.user(one);
                    model.gone(one);
                }
            }
            return one + ", " + other;
        }

        private String anyName() {
            return NAMES.get(random.nextInt(NAMES.size()));
        }

        private void ask(String asker, String addressee) {
            Object expected = model.ask(asker, addressee);
            expect(expected, () -> {
                Asked asked = people.ask(asker, addressee);
                if (asked.outcome() == Outcome.PENDING) {
                    everSeen.add(asked.request());
                    model.asked(asker, addressee, asked.request());
                    assertEquals(
                            people.time.instant().plus(Limits.REQUEST_LIFE),
                            asked.request().expiresAt());
                }
                return asked.outcome();
            });
        }

        /** Answers any request that ever was, mostly as its addressee. */
        private void respond(String anybody) {
            if (everSeen.isEmpty()) {
                return;
            }
            Request request = everSeen.get(everSeen.size() - 1 - random.nextInt(Math.min(8, everSeen.size())));
            String user = random.nextInt(5) == 0
                    ? anybody
                    : people.directory
                            .name(request.addressee())
                            .map(Username::bare)
                            .orElse(anybody);
            Answer answer = List.of(Answer.values()).get(random.nextInt(3));
            expect(model.respond(user, request.id(), answer), () -> people.respond(user, request, answer)
                    .outcome());
        }

        private static void expect(Object expected, Supplier<Object> action) {
            Object actual;
            try {
                actual = action.get();
            } catch (Refused refused) {
                actual = refused.reason();
            }
            assertEquals(expected, actual);
        }

        void compare() {
            for (String one : NAMES) {
                Set<Id> peers = new HashSet<>();
                for (String other : NAMES) {
                    boolean connected = model.connected.contains(Model.both(one, other));
                    assertEquals(connected, people.areConnected(one, other), "areConnected");
                    if (connected) {
                        peers.add(people.id(other));
                    }
                }
                assertEquals(peers, Set.copyOf(people.connections.peersOf(people.id(one))), "peersOf");
                assertEquals(
                        wishes(wish -> wish.addressee.equals(one) && !wish.hidden),
                        ids(people.incoming(one)),
                        "incoming");
                assertEquals(wishes(wish -> wish.asker.equals(one)), ids(people.outgoing(one)), "outgoing");
                assertEquals(
                        NAMES.stream()
                                .filter(name -> model.blocks.contains(one + ">" + name))
                                .toList(),
                        people.connections.blockedBy(people.id(one)).stream()
                                .map(Username::bare)
                                .toList(),
                        "blockedBy");
            }
        }

        private Set<Id> wishes(java.util.function.Predicate<Model.Wish> which) {
            Set<Id> ids = new HashSet<>();
            model.wishes.values().stream().filter(which).forEach(wish -> ids.add(wish.id()));
            return ids;
        }

        private static Set<Id> ids(List<Request> requests) {
            Set<Id> ids = new HashSet<>();
            requests.forEach(request -> ids.add(request.id()));
            return ids;
        }
    }
}
