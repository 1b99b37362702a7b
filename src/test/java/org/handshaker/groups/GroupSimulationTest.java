// SPDX-License-Identifier: MIT
package org.handshaker.groups;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Username;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random changes of groups, sends in right and wrong epochs, retries, acks, connections that end, deleted accounts, restarts and
 * kills, each compared with a model that knows neither SQL nor queues. A failure names its seed; {@code -Dseed=N} runs that one
 * again.
 */
@NullUnmarked
class GroupSimulationTest {
    private static final int RUNS = 6;
    private static final int STEPS = 250;
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
        try (Crew crew = new Crew(Files.createDirectories(directory.resolve("run" + seed)))) {
            Simulation simulation = new Simulation(crew, new Random(seed));
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

    /** What should be true. */
    private static final class Model {
        static final class Party {
            long epoch = 1;
            final Map<String, Role> members = new LinkedHashMap<>();

            boolean hasOwnerBeside(String name) {
                return members.entrySet().stream()
                        .anyMatch(each ->
                                each.getValue() == Role.OWNER && !each.getKey().equals(name));
            }

            void crown() {
                if (members.containsValue(Role.OWNER)) {
                    return;
                }
                String heir = members.entrySet().stream()
                        .filter(each -> each.getValue() == Role.ADMIN)
                        .map(Map.Entry::getKey)
                        .findFirst()
                        .orElse(members.keySet().iterator().next());
                members.put(heir, Role.OWNER);
            }
        }

        final Map<String, Party> groups = new TreeMap<>();
        final Set<String> connected = new TreeSet<>();
        /** What waits for each, in the order in which it came. */
        final Map<String, List<String>> queues = new TreeMap<>();
        /** Who still needs each body. */
        final List<Set<String>> bodies = new ArrayList<>();
        /** Which of them a message of somebody's lies in. */
        final Map<String, Set<String>> bodyOf = new TreeMap<>();

        static String both(String one, String other) {
            return one.compareTo(other) < 0 ? one + "+" + other : other + "+" + one;
        }

        Party of(String actor, String group) {
            Party party = groups.get(group);
            if (party == null || !party.members.containsKey(actor)) {
                throw Reason.NOT_FOUND.refuse();
            }
            return party;
        }

        Object add(String actor, String group, String name) {
            Party party = of(actor, group);
            if (party.members.get(actor) == Role.MEMBER) {
                return Reason.NOT_PERMITTED;
            }
            if (party.members.containsKey(name)) {
                return Reason.ALREADY_MEMBER;
            }
            if (!connected.contains(both(actor, name))) {
                return Reason.NOT_CONNECTED;
            }
            party.members.put(name, Role.MEMBER);
            return ++party.epoch;
        }

        Object remove(String actor, String group, String name) {
            Party party = of(actor, group);
            Role role = party.members.get(name);
            if (role == null) {
                return Reason.NOT_FOUND;
            }
            Role own = party.members.get(actor);
            if (!actor.equals(name)
                    && (role == Role.OWNER || own == Role.MEMBER || (own == Role.ADMIN && role == own))) {
                return Reason.NOT_PERMITTED;
            }
            if (actor.equals(name) && party.members.size() > 1 && !party.hasOwnerBeside(name)) {
                return Reason.LAST_OWNER;
            }
            part(group, party, name);
            return "removed";
        }

        void part(String group, Party party, String name) {
            party.members.remove(name);
            party.epoch++;
            if (party.members.isEmpty()) {
                groups.remove(group);
            } else {
                party.crown();
            }
        }

        Object setRole(String actor, String group, String name, Role role) {
            Party party = of(actor, group);
            if (party.members.get(actor) != Role.OWNER) {
                return Reason.NOT_PERMITTED;
            }
            Role before = party.members.get(name);
            if (before == null) {
                return Reason.NOT_FOUND;
            }
            if (before == role) {
                return party.epoch;
            }
            if (before == Role.OWNER && !actor.equals(name)) {
                return Reason.NOT_PERMITTED;
            }
            if (before == Role.OWNER && !party.hasOwnerBeside(name)) {
                return Reason.LAST_OWNER;
            }
            party.members.put(name, role);
            return ++party.epoch;
        }

        Object rekey(String actor, String group) {
            Party party = of(actor, group);
            if (party.members.get(actor) == Role.MEMBER) {
                return Reason.NOT_PERMITTED;
            }
            return ++party.epoch;
        }

        Object delete(String actor, String group) {
            if (of(actor, group).members.get(actor) != Role.OWNER) {
                return Reason.NOT_PERMITTED;
            }
            groups.remove(group);
            return "deleted";
        }

        Object send(String actor, String group, long epoch, String payload) {
            Party party = of(actor, group);
            if (party.epoch != epoch) {
                return Reason.STALE_EPOCH;
            }
            Set<String> body = new TreeSet<>();
            for (String name : party.members.keySet()) {
                if (!name.equals(actor) && !queues.get(name).contains(payload)) {
                    queues.get(name).add(payload);
                    body.add(name);
                    bodyOf.put(name + payload, body);
                }
            }
            if (!body.isEmpty()) {
                bodies.add(body);
            }
            return party.members.size() - 1;
        }

        void ack(String name, Collection<String> payloads) {
            for (String payload : List.copyOf(payloads)) {
                queues.get(name).remove(payload);
                bodyOf.remove(name + payload).remove(name);
            }
            // By what they are and not by what they hold: two that are empty are two.
            bodies.removeIf(Set::isEmpty);
        }

        void gone(String name) {
            ack(name, queues.get(name));
            connected.removeIf(pair -> List.of(pair.split("\\+")).contains(name));
            Map.copyOf(groups).forEach((group, party) -> {
                if (party.members.containsKey(name)) {
                    part(group, party, name);
                }
            });
        }
    }

    /** Moves the relay and the model alike. */
    private static final class Simulation {
        private final Crew crew;
        private final Random random;
        private final Model model = new Model();
        private final List<String> everMade = new ArrayList<>();
        /** Sender and payload, which is the client's id, too. */
        private final List<String[]> sent = new ArrayList<>();

        Simulation(Crew crew, Random random) {
            this.crew = crew;
            this.random = random;
            for (String name : NAMES) {
                arrive(name);
            }
            everMade.add(Group.id(null));
        }

        private void arrive(String name) {
            crew.user(name);
            model.queues.put(name, new ArrayList<>());
        }

        private String name() {
            return NAMES.get(random.nextInt(NAMES.size()));
        }

        private String group() {
            return everMade.get(random.nextInt(everMade.size()));
        }

        private static Object result(Supplier<Object> attempt) {
            try {
                return attempt.get();
            } catch (Refused refused) {
                return refused.reason();
            }
        }

        private String both(String what, Supplier<Object> expected, Supplier<Object> actual) {
            assertEquals(result(expected), result(actual), what);
            return what;
        }

        String step() {
            String actor = name();
            String other = name();
            String group = group();
            int dice = random.nextInt(100);
            if (dice < 6) {
                String made = crew.groups.create(crew.id(actor), null, null).id();
                Model.Party party = new Model.Party();
                party.members.put(actor, Role.OWNER);
                model.groups.put(made, party);
                everMade.add(made);
                return actor + " makes a group";
            } else if (dice < 14) {
                return connect(actor, other);
            } else if (dice < 32) {
                return both(
                        actor + " adds " + other,
                        () -> model.add(actor, group, other),
                        () -> crew.add(actor, group, other));
            } else if (dice < 38) {
                return both(actor + " removes " + other, () -> model.remove(actor, group, other), () -> {
                    crew.remove(actor, group, other);
                    return "removed";
                });
            } else if (dice < 46) {
                Role role = List.of(Role.OWNER, Role.ADMIN, Role.MEMBER).get(random.nextInt(3));
                return both(
                        actor + " makes " + other + " " + role,
                        () -> model.setRole(actor, group, other, role),
                        () -> crew.setRole(actor, group, other, role));
            } else if (dice < 49) {
                return both(actor + " renews keys", () -> model.rekey(actor, group), () -> crew.groups
                        .rekey(crew.id(actor), group, Map.of(), null, null)
                        .group()
                        .epoch());
            } else if (dice < 51) {
                return both(actor + " deletes a group", () -> model.delete(actor, group), () -> {
                    crew.groups.delete(crew.id(actor), group);
                    return "deleted";
                });
            } else if (dice < 76) {
                Model.Party party = model.groups.get(group);
                long epoch = (party == null ? 1 : party.epoch) - (random.nextInt(5) == 0 ? 1 : 0);
                return send(actor, group, epoch, "p" + sent.size());
            } else if (dice < 82 && !sent.isEmpty()) {
                String[] again = sent.get(random.nextInt(sent.size()));
                Model.Party party = model.groups.get(again[1]);
                return "again, " + send(again[0], again[1], party == null ? 1 : party.epoch, again[2]);
            } else if (dice < 92) {
                model.ack(actor, model.queues.get(actor));
                crew.ackAll(actor);
                return actor + " acks";
            } else if (dice < 94) {
                crew.delete(actor);
                model.gone(actor);
                arrive(actor);
                return actor + " is gone, and somebody else has the name";
            } else if (dice < 97) {
                crew.restart();
                return "restart";
            }
            crew.kill();
            return "kill";
        }

        private String connect(String one, String other) {
            String pair = Model.both(one, other);
            if (one.equals(other)) {
                return "nothing";
            }
            if (model.connected.remove(pair)) {
                crew.connections.remove(crew.id(one), new Username(other));
                return one + " parts from " + other;
            }
            crew.connect(one, other);
            model.connected.add(pair);
            return one + " connects with " + other;
        }

        private String send(String actor, String group, long epoch, String payload) {
            sent.add(new String[] {actor, group, payload});
            return both(
                    actor + " sends " + payload + " in " + epoch,
                    () -> model.send(actor, group, epoch, payload),
                    () -> crew.send(actor, group, epoch, payload, payload).stored());
        }

        void compare() {
            for (String name : NAMES) {
                assertEquals(model.queues.get(name), crew.messages(name), "queue of " + name);
                Set<String> theirs = new TreeSet<>();
                crew.groups.of(crew.id(name)).forEach(group -> theirs.add(group.id()));
                Set<String> expected = new TreeSet<>();
                model.groups.forEach((group, party) -> {
                    if (party.members.containsKey(name)) {
                        expected.add(group);
                    }
                });
                assertEquals(expected, theirs, "groups of " + name);
            }
            model.groups.forEach((id, party) -> {
                String any = party.members.keySet().iterator().next();
                assertEquals(party.epoch, crew.epoch(any, id));
                List<String> members = party.members.entrySet().stream()
                        .map(each -> each.getKey() + " " + each.getValue().text())
                        .toList();
                assertEquals(members, crew.members(any, id));
            });
            assertEquals(model.groups.size(), crew.count("groups"));
            assertEquals(model.bodies.size(), crew.count("shared_bodies"));
            assertEquals(
                    model.groups.values().stream()
                            .mapToInt(party -> party.members.size())
                            .sum(),
                    crew.count("memberships"));
        }
    }
}
