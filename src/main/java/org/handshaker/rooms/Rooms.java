// SPDX-License-Identifier: MIT
package org.handshaker.rooms;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Who is in which room. Whoever knows a room's id may join it, and nobody else learns that it is there: an unknown room, one
 * that is gone and one that the caller is not in are the same {@code not_found}. Bounded in rooms, in rooms of one user and
 * in members of one room. Nothing of it is ever written to a disk.
 */
public final class Rooms {
    private static final Pattern CLIENT_ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");
    /** To join a room whose last member leaves each time at the same moment. */
    private static final int ATTEMPTS_MAX = 8;

    private final int membersMax;
    private final int roomsMax;
    private final LongSupplier nanos;
    private final Map<Id, Room> rooms = new ConcurrentHashMap<>();
    /** In which rooms an occupant is. */
    private final Map<Occupant, Set<Room>> places = new ConcurrentHashMap<>();
    /** How many rooms a user is in, or has made and nobody joined yet. */
    private final Map<Id, Integer> shares = new ConcurrentHashMap<>();
    /** Made and not joined yet, the oldest first; guarded by this, which is taken last and held shortly. */
    private final Set<Room> waiting = new LinkedHashSet<>();
    /** Guarded by this. */
    private int publicCount;

    public Rooms(int membersMax) {
        this(membersMax, Limits.ROOMS_MAX, System::nanoTime);
    }

    /** For tests, which have little patience and a clock of their own. */
    Rooms(int membersMax, int roomsMax, LongSupplier nanos) {
        this.membersMax = membersMax;
        this.roomsMax = roomsMax;
        this.nanos = nanos;
    }

    /** Makes a room that only whoever is told its id can find; gone again if nobody joins it in time. */
    public Id make(Id maker) {
        return make(Id.random(), maker, null);
    }

    /** Makes a room that everybody can find by its topic. */
    public Id makePublic(Id maker, String topic) {
        return make(Id.random(), maker, new Topic(topic));
    }

    private Id make(Id id, Id maker, @Nullable Topic topic) {
        expire();
        take(maker);
        Room room = new Room(id, maker, topic, nanos.getAsLong() + Limits.ROOM_WAIT.toNanos());
        try {
            list(room);
        } catch (RuntimeException refused) {
            release(maker);
            throw refused;
        }
        return id;
    }

    private synchronized void list(Room room) {
        if (rooms.size() >= roomsMax) {
            throw Reason.BUSY.refuse();
        }
        if (room.topic != null && publicCount >= Limits.PUBLIC_ROOMS_MAX) {
            throw Reason.TOO_MANY_ROOMS.refuse("There are as many public rooms as this relay lists.");
        }
        if (rooms.putIfAbsent(room.id, room) == null) {
            waiting.add(room);
            publicCount += room.topic == null ? 0 : 1;
        } else {
            // Another has made it at the same moment: the room is there, and that was all that was wanted.
            release(room.maker);
        }
    }

    private synchronized void unlist(Room room) {
        rooms.remove(room.id, room);
        publicCount -= room.topic == null ? 0 : 1;
    }

    private synchronized void waitsNoMore(Room room) {
        waiting.remove(room);
    }

    /** All public rooms, those with most members first. */
    public List<PublicRoom> publicRooms() {
        expire();
        List<PublicRoom> open = new ArrayList<>();
        for (Room room : rooms.values()) {
            @Nullable Topic topic = room.topic;
            if (topic != null) {
                synchronized (room) {
                    if (room.phase != Room.Phase.GONE) {
                        open.add(new PublicRoom(room.id, topic.text(), room.size()));
                    }
                }
            }
        }
        open.sort(Comparator.comparingInt(PublicRoom::members).reversed().thenComparing(PublicRoom::room));
        return open;
    }

    /** How many are in a room, told to its members only. */
    public int members(Id user, Id id) {
        Room room = find(id);
        synchronized (room) {
            if (!room.holds(user)) {
                throw Reason.NOT_FOUND.refuse();
            }
            return room.size();
        }
    }

    /** Joins a room that is there; joining twice is harmless and answered again. */
    public void join(Occupant occupant, Id user, Id id) {
        expire();
        if (!enter(find(id), occupant, user, null)) {
            throw Reason.NOT_FOUND.refuse();
        }
    }

    /**
     * Joins a room, and makes it if there is none of this id, as earlier servers did it: an id of 128 bits is known to those
     * only who were told it, whoever drew it.
     *
     * @param wish the client id that the client would like; taken where it has the form of one and is free in the room
     */
    public void joinOrMake(Occupant occupant, Id user, Id id, @Nullable String wish) {
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            @Nullable Room room = rooms.get(id);
            if (room == null) {
                make(id, user, null);
            } else if (enter(room, occupant, user, wish)) {
                return;
            }
        }
        throw Reason.BUSY.refuse();
    }

    private Room find(Id id) {
        @Nullable Room room = rooms.get(id);
        if (room == null) {
            throw Reason.NOT_FOUND.refuse();
        }
        return room;
    }

    /** False when its last member has just left: that room does not come back. */
    private boolean enter(Room room, Occupant occupant, Id user, @Nullable String wish) {
        synchronized (room) {
            if (room.phase == Room.Phase.GONE) {
                return false;
            }
            Room.@Nullable Place known = room.of(occupant);
            if (known != null) {
                room.welcome(known);
                return true;
            }
            if (room.size() >= membersMax) {
                throw Reason.ROOM_FULL.refuse();
            }
            boolean isFirst = room.phase == Room.Phase.WAITING;
            boolean hasItsShare = isFirst && room.maker.equals(user);
            if (!hasItsShare) {
                take(user);
            }
            if (isFirst) {
                room.phase = Room.Phase.OPEN;
                waitsNoMore(room);
                if (!hasItsShare) {
                    release(room.maker);
                }
            }
            places.compute(occupant, (one, in) -> {
                Set<Room> all = in == null ? ConcurrentHashMap.newKeySet() : in;
                all.add(room);
                return all;
            });
            room.take(new Room.Place(occupant, user, clientId(room, wish)));
            return true;
        }
    }

    private static String clientId(Room room, @Nullable String wish) {
        if (wish != null && CLIENT_ID.matcher(wish).matches() && !room.knows(wish)) {
            return wish;
        }
        return Id.random().text();
    }

    /** Passes a signal to one member or to all others, and to nobody who is not here now. */
    public void signal(Occupant occupant, Id id, Signal signal) {
        Room room = find(id);
        synchronized (room) {
            room.pass(place(room, occupant), signal);
        }
    }

    public void leave(Occupant occupant, Id id) {
        Room room = find(id);
        synchronized (room) {
            drop(room, place(room, occupant));
        }
    }

    private static Room.Place place(Room room, Occupant occupant) {
        Room.@Nullable Place place = room.of(occupant);
        if (place == null) {
            throw Reason.NOT_FOUND.refuse();
        }
        return place;
    }

    /** Leaves every room. Takes rooms: never to be called by who holds a lock that hearing may want. */
    public void leaveAll(Occupant occupant) {
        for (Room room : Set.copyOf(places.getOrDefault(occupant, Set.of()))) {
            synchronized (room) {
                Room.@Nullable Place place = room.of(occupant);
                if (place != null) {
                    drop(room, place);
                }
            }
        }
    }

    /** The room is held. */
    private void drop(Room room, Room.Place leaver) {
        places.computeIfPresent(leaver.occupant(), (one, in) -> {
            in.remove(room);
            return in.isEmpty() ? null : in;
        });
        release(leaver.user());
        room.drop(leaver);
        if (room.size() == 0) {
            room.phase = Room.Phase.GONE;
            unlist(room);
        }
    }

    /** Forgets rooms that nobody joined in time. */
    public void expire() {
        for (Room late : late()) {
            synchronized (late) {
                if (late.phase == Room.Phase.WAITING) {
                    late.phase = Room.Phase.GONE;
                    unlist(late);
                    release(late.maker);
                }
            }
        }
    }

    private synchronized List<Room> late() {
        List<Room> late = new ArrayList<>();
        long now = nanos.getAsLong();
        Iterator<Room> oldest = waiting.iterator();
        while (oldest.hasNext()) {
            Room room = oldest.next();
            if (now - room.waitsUntilNanos < 0) {
                break;
            }
            oldest.remove();
            late.add(room);
        }
        return late;
    }

    private void take(Id user) {
        shares.merge(user, 1, (now, one) -> {
            if (now >= Limits.ROOMS_PER_USER_MAX) {
                throw Reason.TOO_MANY_ROOMS.refuse();
            }
            return now + one;
        });
    }

    private void release(Id user) {
        shares.computeIfPresent(user, (id, now) -> now == 1 ? null : now - 1);
    }

    /** Rooms that are there. */
    public int count() {
        return rooms.size();
    }

    /** Whether nothing is left of anybody; for tests. */
    boolean isEmpty() {
        synchronized (this) {
            return rooms.isEmpty() && places.isEmpty() && shares.isEmpty() && waiting.isEmpty() && publicCount == 0;
        }
    }
}
