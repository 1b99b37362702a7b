// SPDX-License-Identifier: MIT
package org.handshaker;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.groups.Role;
import org.handshaker.invites.Invite;
import org.handshaker.rooms.Occupant;
import org.jspecify.annotations.Nullable;

/** What groups, invites and rooms should be: lists and sets, which know neither SQL nor queues nor threads. */
final class TogetherModel {
    static final Duration LIFE = Duration.ofDays(14);

    /** One who has come and may have gone; whoever has the name later is another one. */
    static final class Person {
        final String name;
        final Id id;
        /** Messages and keys in the order in which they came; those past their time until the next sweep. */
        final List<Letter> letters = new ArrayList<>();
        /** What was ever meant for this one. */
        final Set<String> ever = new TreeSet<>();
        /** The newest news of each group, and until when they are kept. */
        final Map<String, Instant> changed = new TreeMap<>();

        final Map<String, Instant> removed = new TreeMap<>();

        Person(String name, Id id) {
            this.name = name;
            this.id = id;
        }
    }

    /** @param body null for a key, which has its own */
    record Letter(String text, Person sender, @Nullable Set<Person> body, Instant expiresAt) {}

    static final class Party {
        long epoch = 1;
        final Map<Person, Role> members = new LinkedHashMap<>();

        Role role(Person person) {
            return Optional.ofNullable(members.get(person)).orElseThrow(Reason.NOT_FOUND::refuse);
        }

        boolean hasOwnerBeside(Person person) {
            return members.entrySet().stream()
                    .anyMatch(each -> each.getValue() == Role.OWNER && each.getKey() != person);
        }

        void crown() {
            if (!members.isEmpty() && !members.containsValue(Role.OWNER)) {
                Person heir = members.entrySet().stream()
                        .filter(each -> each.getValue() == Role.ADMIN)
                        .map(Map.Entry::getKey)
                        .findFirst()
                        .orElse(members.keySet().iterator().next());
                members.put(heir, Role.OWNER);
            }
        }
    }

    static final class Token {
        final String token;
        final Id id;
        final Invite.Kind kind;
        final Person maker;
        final @Nullable String group;
        final Instant expiresAt;
        int uses;

        Token(String token, Invite invite, Person maker) {
            this.token = token;
            this.id = invite.id();
            this.kind = invite.kind();
            this.maker = maker;
            this.group = invite.group();
            this.expiresAt = invite.expiresAt();
            this.uses = invite.usesLeft();
        }
    }

    final Map<String, Party> groups = new LinkedHashMap<>();
    /** Those of which two changes may have been one commit, and nothing has changed since. */
    final Set<String> crowded = new TreeSet<>();

    final List<Set<Person>> pairs = new ArrayList<>();
    /** Those past their time as well, until the next sweep. */
    final Map<String, Token> invites = new LinkedHashMap<>();

    final Map<Id, Set<Occupant>> rooms = new LinkedHashMap<>();
    /** Who still needs each body: those past their time as well. */
    final List<Set<Person>> bodies = new ArrayList<>();

    Instant now = Instant.EPOCH;

    // --- connections

    boolean areConnected(Person one, Person other) {
        return pairs.contains(Set.of(one, other));
    }

    void part(Person one, Person other) {
        pairs.remove(Set.of(one, other));
        one.letters.removeIf(letter -> letter.body == null && letter.sender == other);
        other.letters.removeIf(letter -> letter.body == null && letter.sender == one);
    }

    // --- groups

    Party of(Person actor, String group) {
        Party party = groups.get(group);
        if (party == null || !party.members.containsKey(actor)) {
            throw Reason.NOT_FOUND.refuse();
        }
        return party;
    }

    private static void requireManager(Party party, Person actor) {
        if (party.role(actor) == Role.MEMBER) {
            throw Reason.NOT_PERMITTED.refuse();
        }
    }

    Object create(Person actor, String group) {
        requireRoomForGroup(actor);
        Party party = new Party();
        party.members.put(actor, Role.OWNER);
        groups.put(group, party);
        return 1L;
    }

    private void requireRoomForGroup(Person person) {
        if (groups.values().stream()
                        .filter(party -> party.members.containsKey(person))
                        .count()
                >= Limits.GROUPS_PER_USER_MAX) {
            throw Reason.TOO_MANY_GROUPS.refuse();
        }
    }

    Object add(Person actor, String group, Person joiner) {
        Party party = of(actor, group);
        requireManager(party, actor);
        if (party.members.containsKey(joiner)) {
            throw Reason.ALREADY_MEMBER.refuse();
        }
        if (!areConnected(actor, joiner)) {
            throw Reason.NOT_CONNECTED.refuse();
        }
        return join(group, party, joiner);
    }

    private Object join(String group, Party party, Person joiner) {
        requireRoomForGroup(joiner);
        party.members.put(joiner, Role.MEMBER);
        return changed(group, party);
    }

    private Object changed(String group, Party party) {
        party.epoch++;
        crowded.remove(group);
        party.members.keySet().forEach(member -> member.changed.put(group, now.plus(LIFE)));
        return party.epoch;
    }

    Object remove(Person actor, String group, Person leaver) {
        Party party = of(actor, group);
        Role role = party.role(leaver);
        Role own = party.role(actor);
        if (actor == leaver) {
            if (party.members.size() > 1 && !party.hasOwnerBeside(leaver)) {
                throw Reason.LAST_OWNER.refuse();
            }
        } else if (role == Role.OWNER || own == Role.MEMBER || own == role) {
            throw Reason.NOT_PERMITTED.refuse();
        }
        leave(group, party, leaver);
        toldToBeOut(group, leaver);
        return "removed";
    }

    private void leave(String group, Party party, Person leaver) {
        party.members.remove(leaver);
        if (party.members.isEmpty()) {
            groups.remove(group);
        } else {
            party.crown();
            changed(group, party);
        }
    }

    private void toldToBeOut(String group, Person person) {
        person.changed.remove(group);
        person.removed.put(group, now.plus(LIFE));
    }

    Object setRole(Person actor, String group, Person member, Role role) {
        Party party = of(actor, group);
        if (party.role(actor) != Role.OWNER) {
            throw Reason.NOT_PERMITTED.refuse();
        }
        Role before = party.role(member);
        if (before == role) {
            return party.epoch;
        }
        if (before == Role.OWNER && actor != member) {
            throw Reason.NOT_PERMITTED.refuse();
        }
        if (before == Role.OWNER && !party.hasOwnerBeside(member)) {
            throw Reason.LAST_OWNER.refuse();
        }
        party.members.put(member, role);
        return changed(group, party);
    }

    /** @param keyed who is handed a key */
    Object rekey(Person actor, String group, long epoch, List<Person> keyed) {
        Party party = of(actor, group);
        requireManager(party, actor);
        if (epoch != party.epoch || !party.members.keySet().containsAll(keyed)) {
            throw Reason.STALE_EPOCH.refuse();
        }
        Object next = changed(group, party);
        keyed.forEach(member -> {
            String key = key(member, group, party.epoch);
            member.letters.add(new Letter(key, actor, null, now.plus(LIFE)));
            member.ever.add(key);
        });
        return next;
    }

    /** As it is handed to that member. */
    static String key(Person member, String group, long epoch) {
        return "key-" + member.name + "-" + group + "-" + epoch;
    }

    Object delete(Person actor, String group) {
        Party party = of(actor, group);
        if (party.role(actor) != Role.OWNER) {
            throw Reason.NOT_PERMITTED.refuse();
        }
        groups.remove(group);
        party.members.keySet().forEach(member -> toldToBeOut(group, member));
        return "deleted";
    }

    Object send(Person actor, String group, long epoch, String payload, Duration ttl) {
        Party party = of(actor, group);
        if (party.epoch != epoch) {
            throw Reason.STALE_EPOCH.refuse();
        }
        Set<Person> body = new LinkedHashSet<>();
        for (Person member : party.members.keySet()) {
            if (member != actor && visible(member).noneMatch(letter -> letter.text.equals(payload))) {
                member.letters.add(new Letter(payload, actor, body, now.plus(ttl)));
                member.ever.add(payload);
                body.add(member);
            }
        }
        if (!body.isEmpty()) {
            bodies.add(body);
        }
        return party.members.size() - 1;
    }

    // --- invites

    private boolean isGood(Token token) {
        return token.uses > 0 && token.expiresAt.isAfter(now);
    }

    List<Token> goodOf(Person maker) {
        return invites.values().stream()
                .filter(token -> token.maker == maker && isGood(token))
                .toList();
    }

    void requireMayInvite(Person actor, @Nullable String group) {
        if (group != null) {
            requireManager(of(actor, group), actor);
        }
        if (goodOf(actor).size() >= Limits.INVITES_PER_USER_MAX) {
            throw Reason.TOO_MANY_INVITES.refuse();
        }
    }

    private Token good(String token) {
        return Optional.ofNullable(invites.get(token)).filter(this::isGood).orElseThrow(Reason.NOT_FOUND::refuse);
    }

    /** The epoch of the group, or that they are connected. */
    Object redeem(Person actor, String text) {
        Token token = good(text);
        if (token.kind == Invite.Kind.REGISTER) {
            throw Reason.NOT_FOUND.refuse();
        }
        Object came;
        if (token.group == null) {
            if (actor == token.maker) {
                throw Reason.NOT_WITH_YOURSELF.refuse();
            }
            if (areConnected(actor, token.maker)) {
                throw Reason.ALREADY_CONNECTED.refuse();
            }
            pairs.add(Set.of(actor, token.maker));
            came = "connected";
        } else {
            Party party = of(token.maker, token.group);
            if (party.role(token.maker) == Role.MEMBER) {
                throw Reason.NOT_FOUND.refuse();
            }
            if (party.members.containsKey(actor)) {
                throw Reason.ALREADY_MEMBER.refuse();
            }
            came = join(token.group, party, actor);
        }
        use(token);
        return came;
    }

    /** Somebody registers with it. */
    Object register(String text) {
        Token token = good(text);
        if (token.kind != Invite.Kind.REGISTER) {
            throw Reason.NOT_FOUND.refuse();
        }
        use(token);
        return "registered";
    }

    private void use(Token token) {
        token.uses--;
        if (token.uses == 0) {
            invites.remove(token.token);
        }
    }

    Object revoke(Person actor, Id invite) {
        Token token = invites.values().stream()
                .filter(each -> each.id.equals(invite) && each.maker == actor && isGood(each))
                .findFirst()
                .orElseThrow(Reason.NOT_FOUND::refuse);
        invites.remove(token.token);
        return "revoked";
    }

    // --- queues

    Stream<Letter> visible(Person person) {
        return person.letters.stream().filter(letter -> letter.expiresAt.isAfter(now));
    }

    void ack(Person person) {
        drop(person, letter -> letter.expiresAt.isAfter(now));
        person.changed.clear();
        person.removed.clear();
    }

    private void drop(Person person, Predicate<Letter> which) {
        person.letters.removeIf(letter -> {
            if (which.test(letter) && letter.body != null) {
                letter.body.remove(person);
            }
            return which.test(letter);
        });
        // By what they are and not by what they hold: two that are empty are two.
        bodies.removeIf(Set::isEmpty);
    }

    /** Bodies that somebody may still read. */
    long bodiesNeeded() {
        return bodies.stream()
                .filter(body ->
                        body.stream().anyMatch(person -> visible(person).anyMatch(letter -> letter.body == body)))
                .count();
    }

    void sweep(Set<Person> everybody) {
        everybody.forEach(person -> {
            drop(person, letter -> !letter.expiresAt.isAfter(now));
            person.changed.values().removeIf(until -> !until.isAfter(now));
            person.removed.values().removeIf(until -> !until.isAfter(now));
        });
        invites.values().removeIf(token -> !isGood(token));
    }

    void gone(Person person) {
        drop(person, letter -> true);
        for (Set<Person> pair : List.copyOf(pairs)) {
            if (pair.contains(person)) {
                pair.stream().filter(peer -> peer != person).forEach(peer -> part(person, peer));
            }
        }
        Map.copyOf(groups).keySet().stream().sorted().forEach(group -> {
            Party party = Objects.requireNonNull(groups.get(group));
            if (party.members.containsKey(person)) {
                leave(group, party, person);
            }
        });
        invites.values().removeIf(token -> token.maker == person);
    }

    // --- rooms

    /** How many hear of it. */
    int join(Occupant guest, Id room, int membersMax) {
        Set<Occupant> members = Optional.ofNullable(rooms.get(room)).orElseThrow(Reason.NOT_FOUND::refuse);
        if (members.contains(guest)) {
            return 1;
        }
        if (members.size() >= membersMax) {
            throw Reason.ROOM_FULL.refuse();
        }
        members.add(guest);
        return members.size();
    }

    int signal(Occupant guest, Id room) {
        return membersBeside(guest, room);
    }

    int leave(Occupant guest, Id room) {
        int others = membersBeside(guest, room);
        Objects.requireNonNull(rooms.get(room)).remove(guest);
        rooms.values().removeIf(Set::isEmpty);
        return others;
    }

    private int membersBeside(Occupant guest, Id room) {
        Set<Occupant> members = Optional.ofNullable(rooms.get(room)).orElseThrow(Reason.NOT_FOUND::refuse);
        if (!members.contains(guest)) {
            throw Reason.NOT_FOUND.refuse();
        }
        return members.size() - 1;
    }
}
