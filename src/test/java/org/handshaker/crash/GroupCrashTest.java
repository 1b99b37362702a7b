// SPDX-License-Identifier: MIT
package org.handshaker.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.handshaker.client.Carrier;
import org.handshaker.client.Event;
import org.handshaker.client.Events;
import org.handshaker.client.GroupView;
import org.handshaker.client.Poll;
import org.handshaker.client.PrekeyBundle;
import org.handshaker.client.RelayAddress;
import org.handshaker.client.RelayClient;
import org.handshaker.client.RelayRefused;
import org.handshaker.support.Program;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real program is killed at a random moment under the load of a group and started again: what got a receipt is with every
 * member of its epoch and with nobody else, epochs have risen by one for each change, an invite of three uses has let in three,
 * and no prekey was handed out twice. {@code -Dcrash.rounds=1000} for longer, at most {@code -Dcrash.minutes=40}; {@code
 * -Dseed=N} to go the same way.
 */
@Timeout(value = 3, unit = TimeUnit.HOURS)
class GroupCrashTest {
    private static final int ROUNDS = Integer.getInteger("crash.rounds", 8);
    private static final Duration LONGEST = Duration.ofMinutes(Integer.getInteger("crash.minutes", 150));
    private static final List<String> NAMES = List.of("ann", "ben", "cat", "dan", "eve");
    private static final int START_SECONDS = 180;
    private static final int HALL_USES = 3;
    private static final int PREKEYS = 40;
    /** Ann's and Cat's, each of whom may have been answered when nobody heard it any more. */
    private static final int TAKERS = 2;

    private static final String PASSWORD = "a password for a test";

    @TempDir
    Path directory;

    private final long seed = Long.getLong("seed", new Random().nextLong());
    private final Random random = new Random(seed);
    private final Map<String, RelayClient> people = new LinkedHashMap<>();
    private final Map<String, Ledger> ledgers = new TreeMap<>();
    /** Whether Eve was in the group, by epoch, over all lives. */
    private final Map<Long, Boolean> eveIn = new TreeMap<>();

    private final Set<String> prekeysEver = new HashSet<>();
    private String group = "";
    private String hall = "";
    private String hallInvite = "";
    private @Nullable GroupLife before;
    private int promised;
    private int uses;

    static boolean isMessage(Event event) {
        return event.group() != null && event.kind().equals("message");
    }

    @Test
    void whatAGroupWasPromisedOutlivesKillMinusNine() throws Exception {
        int round = 0;
        long end = System.nanoTime() + LONGEST.toNanos();
        try (Carrier carrier = Carrier.to(RelayAddress.parse("unix:" + directory.resolve("s")))) {
            try (Program relay = start()) {
                meet(carrier);
                live(relay, round);
            }
            for (round = 1; round <= ROUNDS && System.nanoTime() < end; round++) {
                Remains.requireWhole(directory);
                try (Program relay = start()) {
                    settle(round - 1);
                    live(relay, round);
                }
            }
            Remains.requireWhole(directory);
            try (Program relay = start()) {
                settle(round - 1);
                relay.terminate();
                assertEquals(0, relay.awaitExit(30));
            }
        } catch (Throwable failed) {
            throw new AssertionError("seed " + seed + ", round " + round + ", " + promised + " receipts kept", failed);
        }
        System.out.println("group crash: " + (round - 1) + " rounds, " + promised + " deliveries kept, "
                + eveIn.size() + " epochs, " + uses + " uses of invites, " + prekeysEver.size() + " prekeys, seed "
                + seed);
        assertTrue(promised >= round, "too little was sent: " + promised);
    }

    private Program start() throws IOException {
        Program relay = Program.start(
                directory.resolve("errors"),
                "serve",
                "--data=" + directory.resolve("data"),
                "--key-file=" + directory.resolve("key"),
                "--listen=unix:" + directory.resolve("s"),
                "--tor=none",
                "--limits=off",
                "--puzzle=off",
                "--argon2=m=1024,t=1,p=1");
        relay.awaitLine("ready", START_SECONDS);
        return relay;
    }

    private RelayClient person(String name) {
        return Objects.requireNonNull(people.get(name), name);
    }

    private void meet(Carrier carrier) {
        for (String name : NAMES) {
            RelayClient person = new RelayClient(carrier);
            person.register(name, PASSWORD);
            people.put(name, person);
            ledgers.put(name, new Ledger());
        }
        RelayClient ann = person("ann");
        group = ann.createGroup(null).groupId();
        String invite = ann.invite("group", group, NAMES.size() - 1, Duration.ofHours(1));
        NAMES.stream().skip(1).forEach(name -> person(name).redeem(invite));
        ann.setRole(group, "@ben", "admin");
    }

    /** Load, and an end at a random moment. */
    private void live(Program relay, int round) throws Exception {
        RelayClient ann = person("ann");
        hall = ann.createGroup(null).groupId();
        hallInvite = ann.invite("group", hall, HALL_USES, Duration.ofDays(1));
        assertEquals(PREKEYS, person("dan").publishPrekeys(prekeys(round)));
        CountDownLatch receipts = new CountDownLatch(random.nextInt(200));
        GroupLife life =
                new GroupLife(people, ledgers, group, ann.group(group), hallInvite, round, random.nextLong(), receipts);
        before = life;
        life.begin();
        boolean isReached = receipts.await(2, TimeUnit.SECONDS);
        if (isReached && random.nextInt(10) == 0) {
            relay.terminate();
            assertEquals(0, relay.awaitExit(30));
        } else {
            relay.kill();
            relay.awaitExit(30);
        }
        life.end();
    }

    private static Map<String, ?> prekeys(int round) {
        List<Map<String, Object>> oneTime = new ArrayList<>();
        for (int i = 0; i < PREKEYS; i++) {
            oneTime.add(Map.of("key_id", round * PREKEYS + i, "key", "key-" + round + "-" + i));
        }
        return Map.of(
                "identity_key",
                "aWs",
                "signed_prekey",
                Map.<String, Object>of("key_id", 1, "key", "c3Br", "signature", "c2ln"),
                "one_time_prekeys",
                oneTime);
    }

    private void settle(int round) {
        GroupLife life = Objects.requireNonNull(before);
        settleEpochs(life);
        settleMessages(life);
        settleHall(life);
        settlePrekeys(life, round);
    }

    /** The last change may have been made without an answer; more than one not. */
    private void settleEpochs(GroupLife life) {
        eveIn.putAll(life.eveIn);
        long known =
                life.eveIn.keySet().stream().mapToLong(Long::longValue).max().orElseThrow();
        GroupView view = person("ann").group(group);
        boolean isEveIn =
                view.members().stream().anyMatch(member -> member.username().equals("@eve"));
        assertTrue(
                view.epoch() == known || view.epoch() == known + 1,
                () -> "epoch " + view.epoch() + ", and " + known + " was told");
        @Nullable Boolean told = eveIn.put(view.epoch(), isEveIn);
        assertTrue(told == null || told == isEveIn, "a change that was told is undone");
        assertEquals(
                new TreeSet<>(isEveIn ? NAMES : NAMES.subList(0, 4)),
                new TreeSet<>(view.members().stream()
                        .map(member -> member.username().substring(1))
                        .toList()));
        assertEquals(
                "@ann owner",
                view.members().get(0).username() + " " + view.members().get(0).role());
    }

    private void settleMessages(GroupLife life) {
        for (GroupLife.Accepted each : life.accepted) {
            for (String name : NAMES) {
                if (!name.equals(each.sender()) && (!name.equals("eve") || wasEveIn(each.epoch()))) {
                    ledger(name).accepted(each.payload());
                }
            }
        }
        life.eveSaw.forEach(event -> requireOfTheirEpoch("eve", event));
        for (String name : NAMES) {
            Ledger ledger = ledger(name);
            Poll poll = Poll.now();
            while (true) {
                Events page = person(name).events(poll);
                page.events().stream().filter(GroupCrashTest::isMessage).forEach(event -> {
                    ledger.sawAfter(event);
                    requireOfTheirEpoch(name, event);
                });
                if (page.events().isEmpty()) {
                    break;
                }
                poll = Poll.now().acking(page.lastSeq());
            }
            promised += ledger.settle();
        }
    }

    /** For Eve only of an epoch in which she was there, and for nobody what they have said themselves. */
    private void requireOfTheirEpoch(String name, Event event) {
        String[] parts = event.payload().split(":", 4);
        assertTrue(!parts[0].startsWith(name), "an event came back to its sender");
        if (name.equals("eve")) {
            assertTrue(wasEveIn(Long.parseLong(parts[2])), "an event of an epoch without her");
        }
    }

    private boolean wasEveIn(long epoch) {
        return Objects.requireNonNull(eveIn.get(epoch), "nobody knows of epoch " + epoch);
    }

    private Ledger ledger(String name) {
        return Objects.requireNonNull(ledgers.get(name), name);
    }

    /** Whoever was told is in; those who are not try again, and then as many are in as there were uses. */
    private void settleHall(GroupLife life) {
        Set<String> guests = guestsOfTheHall();
        assertTrue(guests.containsAll(life.told), () -> "told and not let in: " + life.told + ", " + guests);
        for (String name : NAMES.subList(1, NAMES.size())) {
            if (!guests.contains(name)) {
                try {
                    person(name).redeem(hallInvite);
                } catch (RelayRefused usedUp) {
                    assertEquals("not_found", usedUp.code());
                }
            }
        }
        assertEquals(HALL_USES, guestsOfTheHall().size(), "an invite of " + HALL_USES + " uses");
        assertEquals(1 + HALL_USES, person("ann").group(hall).epoch());
        assertEquals(List.of(), person("ann").invites(), "an invite that is used up");
        person("ann").deleteGroup(hall);
        uses += HALL_USES;
    }

    private Set<String> guestsOfTheHall() {
        Set<String> guests = new TreeSet<>();
        person("ann")
                .group(hall)
                .members()
                .forEach(member -> guests.add(member.username().substring(1)));
        guests.remove("ann");
        return guests;
    }

    private void settlePrekeys(GroupLife life, int round) {
        for (String key : life.taken) {
            assertTrue(prekeysEver.add(key), () -> "handed out twice: " + key);
        }
        RelayClient dan = person("dan");
        long left = dan.prekeysLeft();
        int told = life.taken.size();
        assertTrue(left <= PREKEYS - told, () -> told + " were told, and " + left + " are left");
        assertTrue(left >= PREKEYS - told - TAKERS, () -> told + " were told, and only " + left + " are left");
        assertEquals(left, dan.publishPrekeys(prekeys(round)), "an upload that is repeated brings some back");
        PrekeyBundle.@Nullable Prekey next = person("ben").prekeys("@dan").oneTime();
        assertTrue(next != null && prekeysEver.add(next.key()), "handed out twice after a kill");
    }
}
