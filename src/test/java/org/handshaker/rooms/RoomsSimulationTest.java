// SPDX-License-Identifier: MIT
package org.handshaker.rooms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/**
 * Random steps in rooms, each compared with a model that knows neither locks nor tallies; then the same with threads, after
 * which nothing may be left. {@code -Dseed=N} repeats a run.
 */
@NullUnmarked // asks a map for what is not there
class RoomsSimulationTest {
    private static final int STEPS = 50_000;
    private static final int MEMBERS_MAX = 4;
    private static final int ROOMS_MAX = 30;

    private final long seed = Long.getLong("seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final AtomicLong nanos = new AtomicLong();
    private final Rooms rooms = new Rooms(MEMBERS_MAX, ROOMS_MAX, nanos::get);
    private final Map<Id, ModelRoom> model = new LinkedHashMap<>();
    private final List<Guest> guests = new ArrayList<>();
    private final List<Id> known = new ArrayList<>();

    private static final class ModelRoom {
        final Id maker;
        final long until;
        final Set<Guest> members = new LinkedHashSet<>();
        boolean wasJoined;

        ModelRoom(Id maker, long until) {
            this.maker = maker;
            this.until = until;
        }
    }

    @Test
    void roomsAreWhatTheModelSays() {
        for (int i = 0; i < 12; i++) {
            // Two devices of each user.
            guests.add(new Guest(i % 2 == 0 ? Id.random() : guests.get(i - 1).user));
        }
        known.add(Id.random());
        for (int step = 0; step < STEPS; step++) {
            int at = step;
            Guest guest = pick(guests);
            Id id = pick(known);
            String said = said(() -> step(guest, id));
            String expected = said(() -> expect(guest, id));
            assertEquals(expected, said, () -> "step " + at + ", seed " + seed);
            if (step % 50 == 0) {
                compare(at);
            }
        }
        guests.forEach(rooms::leaveAll);
        nanos.addAndGet(Limits.ROOM_WAIT.toNanos());
        rooms.expire();
        assertTrue(rooms.isEmpty(), () -> "something is left, seed " + seed);
    }

    private int act;

    private interface Step {
        String run();
    }

    private static String said(Step step) {
        try {
            return step.run();
        } catch (Refused refused) {
            return refused.reason().code();
        }
    }

    private String step(Guest guest, Id id) {
        act = random.nextInt(20);
        guests.forEach(Guest::take);
        switch (act) {
            case 0, 1 -> {
                Id made = rooms.make(guest.user);
                if (known.size() >= 60) {
                    known.remove(random.nextInt(known.size()));
                }
                known.add(made);
            }
            case 2, 3, 4, 5, 6 -> rooms.join(guest, guest.user, id);
            case 7, 8, 9, 10 -> rooms.leave(guest, id);
            case 11 -> rooms.leaveAll(guest);
            case 12 -> {
                nanos.addAndGet(random.nextLong(Limits.ROOM_WAIT.toNanos() / 2));
                rooms.expire();
            }
            case 13 -> {
                return String.valueOf(rooms.members(guest.user, id));
            }
            default -> rooms.signal(guest, id, new Signal("offer", null, "x"));
        }
        return heard();
    }

    private String heard() {
        StringBuilder heard = new StringBuilder();
        guests.forEach(each -> heard.append(each.heard.size()));
        return heard.toString();
    }

    private String expect(Guest guest, Id id) {
        ModelRoom room = model.get(id);
        boolean isIn = room != null && room.members.contains(guest);
        switch (act) {
            case 0, 1 -> {
                expireModel();
                if (share(guest.user) >= Limits.ROOMS_PER_USER_MAX) {
                    throw Reason.TOO_MANY_ROOMS.refuse();
                }
                if (model.size() >= ROOMS_MAX) {
                    throw Reason.BUSY.refuse();
                }
                model.put(
                        known.get(known.size() - 1),
                        new ModelRoom(guest.user, nanos.get() + Limits.ROOM_WAIT.toNanos()));
                return hearing(Set.of());
            }
            case 2, 3, 4, 5, 6 -> {
                expireModel();
                return expectJoin(guest, model.get(id));
            }
            case 7, 8, 9, 10 -> {
                requireIn(isIn);
                Set<Guest> others = others(guest, model.get(id));
                leaveModel(guest, id);
                return hearing(others);
            }
            case 11 -> {
                int[] heard = new int[guests.size()];
                for (Id each : List.copyOf(model.keySet())) {
                    if (model.get(each).members.contains(guest)) {
                        others(guest, model.get(each)).forEach(other -> heard[guests.indexOf(other)]++);
                        leaveModel(guest, each);
                    }
                }
                StringBuilder text = new StringBuilder();
                for (int count : heard) {
                    text.append(count);
                }
                return text.toString();
            }
            case 12 -> {
                expireModel();
                return hearing(Set.of());
            }
            case 13 -> {
                requireIn(room != null && room.members.stream().anyMatch(member -> member.user.equals(guest.user)));
                return String.valueOf(model.get(id).members.size());
            }
            default -> {
                requireIn(isIn);
                return hearing(others(guest, model.get(id)));
            }
        }
    }

    private String expectJoin(Guest guest, ModelRoom room) {
        requireIn(room != null);
        if (room.members.contains(guest)) {
            return hearing(Set.of(guest));
        }
        if (room.members.size() >= MEMBERS_MAX) {
            throw Reason.ROOM_FULL.refuse();
        }
        boolean isOwn = !room.wasJoined && room.maker.equals(guest.user);
        if (!isOwn && share(guest.user) >= Limits.ROOMS_PER_USER_MAX) {
            throw Reason.TOO_MANY_ROOMS.refuse();
        }
        room.wasJoined = true;
        room.members.add(guest);
        return hearing(room.members);
    }

    private static void requireIn(boolean isIn) {
        if (!isIn) {
            throw Reason.NOT_FOUND.refuse();
        }
    }

    private static Set<Guest> others(Guest guest, ModelRoom room) {
        Set<Guest> others = new LinkedHashSet<>(room.members);
        others.remove(guest);
        return others;
    }

    private String hearing(Set<Guest> who) {
        StringBuilder heard = new StringBuilder();
        guests.forEach(each -> heard.append(who.contains(each) ? 1 : 0));
        return heard.toString();
    }

    private void leaveModel(Guest guest, Id id) {
        ModelRoom room = model.get(id);
        room.members.remove(guest);
        if (room.members.isEmpty()) {
            model.remove(id);
        }
    }

    private void expireModel() {
        model.values().removeIf(room -> !room.wasJoined && nanos.get() >= room.until);
    }

    private long share(Id user) {
        return model.values().stream()
                .mapToLong(room -> room.wasJoined
                        ? room.members.stream()
                                .filter(member -> member.user.equals(user))
                                .count()
                        : room.maker.equals(user) ? 1 : 0)
                .sum();
    }

    private void compare(int step) {
        expireModel();
        rooms.expire();
        assertEquals(model.size(), rooms.count(), () -> "rooms at step " + step + ", seed " + seed);
        model.forEach((id, room) -> {
            if (!room.members.isEmpty()) {
                assertEquals(
                        room.members.size(),
                        rooms.members(room.members.iterator().next().user, id),
                        () -> "members at step " + step + ", seed " + seed);
            }
        });
    }

    private <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    @Test
    void threadsLeaveNothingBehind() throws Exception {
        Rooms shared = new Rooms(MEMBERS_MAX, ROOMS_MAX, System::nanoTime);
        List<Id> ids = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            ids.add(Id.random());
        }
        ExecutorService threads = Executors.newFixedThreadPool(4);
        CountDownLatch start = new CountDownLatch(1);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                Random own = new Random(seed + thread);
                all.add(threads.submit(() -> {
                    start.await();
                    Quiet guest = new Quiet();
                    for (int i = 0; i < 20_000; i++) {
                        Id id = ids.get(own.nextInt(ids.size()));
                        switch (own.nextInt(4)) {
                            case 0 -> said(() -> joined(shared, guest, id));
                            case 1 ->
                                said(() -> {
                                    shared.leave(guest, id);
                                    return "";
                                });
                            case 2 -> shared.leaveAll(guest);
                            default ->
                                said(() -> {
                                    shared.signal(guest, id, new Signal("offer", null, "x"));
                                    return "";
                                });
                        }
                    }
                    shared.leaveAll(guest);
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> each : all) {
                each.get(60, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        assertTrue(shared.isEmpty(), () -> "something is left, seed " + seed);
    }

    private static String joined(Rooms rooms, Quiet guest, Id id) {
        rooms.joinOrMake(guest, guest.voice.user, id, null);
        return "";
    }

    /** Remembers nothing: several threads speak to it. */
    private static final class Quiet implements Occupant {
        private final Guest voice = new Guest();

        @Override
        public Tongue tongue() {
            return voice.tongue();
        }

        @Override
        public void hear(byte[] frame) {
            assertTrue(frame.length > 0);
        }
    }
}
