// SPDX-License-Identifier: MIT
package org.handshaker.rooms;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoomsTest {
    private static final int MEMBERS_MAX = 3;
    private static final int ROOMS_MAX = 40;

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
    private final Rooms rooms = new Rooms(MEMBERS_MAX, ROOMS_MAX, nanos::get);
    private final Guest alice = new Guest();
    private final Guest bob = new Guest();
    private final Guest carol = new Guest();

    private Id roomOf(Guest... guests) {
        Id room = rooms.make(guests[0].user);
        for (Guest guest : guests) {
            rooms.join(guest, guest.user, room);
        }
        return room;
    }

    @Test
    void whoJoinsHearsWhoIsThereAndTheOthersHearOfIt() {
        Id room = roomOf(alice, bob);
        assertEquals(
                List.of(
                        "in " + room.text() + " as " + alice.name() + " with " + alice.name(),
                        "JOINED " + room.text() + " " + bob.name()),
                alice.heard);
        assertEquals(
                List.of("in " + room.text() + " as " + bob.name() + " with " + alice.name() + "," + bob.name()),
                bob.heard);
        assertEquals(2, rooms.members(alice.user, room));
    }

    @Test
    void aSignalReachesOneOrAllOthersAndNeverItsSender() {
        Id room = roomOf(alice, bob, carol);
        String toBob = bob.name();
        List.of(alice, bob, carol).forEach(Guest::take);
        rooms.signal(alice, room, new Signal("offer", null, "all"));
        rooms.signal(alice, room, new Signal("offer", toBob, "bob"));
        assertEquals(List.of(), alice.take());
        assertEquals(2, bob.take().size());
        assertEquals(1, carol.take().size());
    }

    @Test
    void aSignalToNobodyOrOneselfIsNotFound() {
        Id room = roomOf(alice, bob);
        assertRefused(Reason.NOT_FOUND, () -> rooms.signal(alice, room, new Signal("offer", "nobody", "x")));
        assertRefused(Reason.NOT_FOUND, () -> rooms.signal(alice, room, new Signal("offer", alice.name(), "x")));
    }

    @Test
    void aRoomOneIsNotInIsAsUnknownAsOneThatIsNotThere() {
        Id room = roomOf(alice);
        for (Id id : List.of(room, Id.random())) {
            assertRefused(Reason.NOT_FOUND, () -> rooms.signal(bob, id, new Signal("offer", null, "x")));
            assertRefused(Reason.NOT_FOUND, () -> rooms.leave(bob, id));
            assertRefused(Reason.NOT_FOUND, () -> rooms.members(bob.user, id));
        }
        assertRefused(Reason.NOT_FOUND, () -> rooms.join(bob, bob.user, Id.random()));
    }

    @Test
    void itIsGoneWithItsLastMemberAndLeavesNothing() {
        Id room = roomOf(alice, bob);
        rooms.leave(alice, room);
        assertEquals("LEFT", bob.take().get(1).split(" ", -1)[0]);
        rooms.leaveAll(bob);
        assertTrue(rooms.isEmpty());
        assertRefused(Reason.NOT_FOUND, () -> rooms.join(alice, alice.user, room));
    }

    @Test
    void aRoomThatNobodyJoinsIsGoneAfterAWhileAndOneWithMembersStays() {
        Id joined = roomOf(alice);
        Id never = rooms.make(bob.user);
        nanos.addAndGet(Limits.ROOM_WAIT.toNanos() - 1);
        rooms.expire();
        assertEquals(2, rooms.count());
        nanos.addAndGet(1);
        rooms.expire();
        assertRefused(Reason.NOT_FOUND, () -> rooms.join(carol, carol.user, never));
        assertEquals(1, rooms.members(alice.user, joined));
        rooms.leaveAll(alice);
        assertTrue(rooms.isEmpty());
    }

    @Test
    void aFullRoomTakesNobodyUntilOneLeaves() {
        Id room = roomOf(alice, bob, carol);
        Guest dave = new Guest();
        assertRefused(Reason.ROOM_FULL, () -> rooms.join(dave, dave.user, room));
        assertEquals(List.of(), dave.heard);
        rooms.leave(bob, room);
        rooms.join(dave, dave.user, room);
        assertEquals(3, rooms.members(dave.user, room));
    }

    @Test
    void joiningTwiceIsOnePlace() {
        Id room = roomOf(alice, bob);
        alice.take();
        String name = bob.name();
        rooms.join(bob, bob.user, room);
        assertEquals(name, bob.name());
        assertEquals(List.of(), alice.take());
        assertEquals(2, rooms.members(bob.user, room));
    }

    @Test
    void nobodyHasMoreThanTheirShareOfRooms() {
        Guest sameUser = new Guest(alice.user);
        List<Id> made = new ArrayList<>();
        for (int i = 0; i < Limits.ROOMS_PER_USER_MAX; i++) {
            made.add(rooms.make(alice.user));
        }
        assertRefused(Reason.TOO_MANY_ROOMS, () -> rooms.make(alice.user));
        Id bobs = rooms.make(bob.user);
        assertRefused(Reason.TOO_MANY_ROOMS, () -> rooms.join(alice, alice.user, bobs));
        // One's own room takes no second share, from a second device it does.
        rooms.join(alice, alice.user, made.get(0));
        assertRefused(Reason.TOO_MANY_ROOMS, () -> rooms.join(sameUser, alice.user, made.get(0)));
        rooms.leave(alice, made.get(0));
        rooms.join(alice, alice.user, bobs);
        rooms.leaveAll(alice);
        nanos.addAndGet(Limits.ROOM_WAIT.toNanos());
        rooms.expire();
        assertTrue(rooms.isEmpty());
    }

    @Test
    void somebodyElseWhoJoinsFirstFreesTheMakersShare() {
        for (int i = 0; i < 3 * Limits.ROOMS_PER_USER_MAX; i++) {
            Guest guest = new Guest();
            rooms.join(guest, guest.user, rooms.make(alice.user));
            rooms.leaveAll(guest);
        }
        assertTrue(rooms.isEmpty());
    }

    @Test
    void thereAreOnlySoManyRooms() {
        for (int i = 0; i < ROOMS_MAX; i++) {
            rooms.make(Id.random());
        }
        assertRefused(Reason.BUSY, () -> rooms.make(alice.user));
        nanos.addAndGet(Limits.ROOM_WAIT.toNanos());
        rooms.make(alice.user);
        assertEquals(1, rooms.count());
    }

    @Test
    void onlyPublicRoomsAreListed() {
        rooms.make(alice.user);
        Id small = rooms.makePublic(alice.user, "small");
        Id large = rooms.makePublic(bob.user, " large ");
        rooms.join(alice, alice.user, large);
        assertEquals(
                List.of(new PublicRoom(large, "large", 1), new PublicRoom(small, "small", 0)), rooms.publicRooms());
        rooms.leaveAll(alice);
        assertEquals(List.of(new PublicRoom(small, "small", 0)), rooms.publicRooms());
    }

    @Test
    void theListOfPublicRoomsIsBounded() {
        Rooms many = new Rooms(MEMBERS_MAX, Limits.ROOMS_MAX, nanos::get);
        for (int i = 0; i < Limits.PUBLIC_ROOMS_MAX; i++) {
            many.makePublic(Id.random(), "room " + i);
        }
        assertRefused(Reason.TOO_MANY_ROOMS, () -> many.makePublic(alice.user, "one more"));
        assertEquals(Limits.PUBLIC_ROOMS_MAX, many.publicRooms().size());
        many.make(alice.user);
        nanos.addAndGet(Limits.ROOM_WAIT.toNanos());
        many.expire();
        assertTrue(many.isEmpty());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "  ", "two\nlines", "nul\0", "\u202etxet", "\u2066x", "half \ud83d", "line\u2028separator"})
    void aTopicIsOnePlainLine(String topic) {
        assertRefused(Reason.MALFORMED, () -> rooms.makePublic(alice.user, topic));
        assertRefused(Reason.MALFORMED, () -> rooms.makePublic(alice.user, "x".repeat(Limits.TOPIC_CHARS_MAX + 1)));
        assertTrue(rooms.isEmpty());
        rooms.makePublic(alice.user, "Ünïcode \ud83e\uddc5 is fine");
    }

    @Test
    void anEarlierClientMakesTheRoomItNamesAndMayChooseItsId() {
        Id room = Id.random();
        rooms.joinOrMake(alice, alice.user, room, "alice-1");
        rooms.joinOrMake(bob, bob.user, room, "alice-1");
        rooms.joinOrMake(carol, carol.user, room, "not an id");
        assertEquals("alice-1", alice.name());
        assertNotEquals("alice-1", bob.name());
        assertEquals(22, carol.name().length());
        List.of(alice, bob, carol).forEach(rooms::leaveAll);
        assertTrue(rooms.isEmpty());
    }

    @Test
    void clientIdsHoldInOneRoomAlone() {
        Id one = roomOf(alice);
        String first = alice.name();
        Id other = roomOf(alice);
        assertNotEquals(one, other);
        assertNotEquals(first, alice.name());
        assertEquals(22, first.length());
    }
}
