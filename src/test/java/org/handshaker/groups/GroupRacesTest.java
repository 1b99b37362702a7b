// SPDX-License-Identifier: MIT
package org.handshaker.groups;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Username;
import org.handshaker.support.Together;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several at once at one group, on real threads over the real store. */
class GroupRacesTest {
    private static final int ROUNDS = 20;

    @TempDir
    Path directory;

    private Crew crew;

    @BeforeEach
    void open() {
        crew = new Crew(directory);
        for (String name : List.of("olga", "adam", "mia", "max")) {
            crew.user(name);
        }
    }

    @AfterEach
    void close() {
        crew.close();
    }

    @Test
    void whatIsSentWhileSomebodyIsRemovedReachesThemOnlyInTheirOwnEpoch() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            String group = crew.group("olga", "adam", "mia", "max");
            crew.emptyQueues();
            AtomicLong epochAfter = new AtomicLong();
            Map<String, Long> sent = new ConcurrentHashMap<>();
            Callable<Object> sender = () -> {
                for (int i = 0; i < 10; i++) {
                    String payload = Thread.currentThread().getId() + "/" + i;
                    try {
                        long epoch = crew.epoch("max", group);
                        crew.send("max", group, epoch, payload, payload);
                        sent.put(payload, epoch);
                    } catch (Refused stale) {
                        assertEquals(Reason.STALE_EPOCH, stale.reason());
                    }
                }
                return true;
            };
            List<Object> results = Together.run(sender, sender, () -> {
                crew.remove("olga", group, "mia");
                epochAfter.set(crew.epoch("olga", group));
                return true;
            });
            assertEquals(List.of(true, true, true), results);
            Set<String> hers = new HashSet<>(crew.messages("mia"));
            Set<String> theirs = new HashSet<>(crew.messages("adam"));
            sent.forEach((payload, epoch) -> {
                assertTrue(theirs.contains(payload), "accepted and lost");
                assertEquals(epoch < epochAfter.get(), hers.contains(payload), "of another epoch");
            });
            assertEquals(sent.size(), theirs.size());
            crew.groups.delete(crew.id("olga"), group);
            crew.emptyQueues();
            assertEquals(0, crew.count("shared_bodies"));
        }
    }

    @Test
    void everyChangeHasAnEpochOfItsOwn() throws Exception {
        List<String> joiners = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            crew.user("joiner" + i);
            joiners.add("joiner" + i);
            crew.connect("olga", "joiner" + i);
        }
        String group = crew.group("olga", "adam");
        long before = crew.epoch("olga", group);
        List<Callable<List<Long>>> adders = new ArrayList<>();
        for (int part = 0; part < 4; part++) {
            List<String> mine = joiners.subList(part * 6, part * 6 + 6);
            adders.add(() ->
                    mine.stream().map(name -> crew.add("olga", group, name)).toList());
        }
        List<Long> epochs = new ArrayList<>();
        for (Object some : Together.run(adders.toArray(new Callable<?>[0]))) {
            ((List<?>) some).forEach(epoch -> epochs.add((Long) epoch));
        }
        Collections.sort(epochs);
        for (int i = 0; i < epochs.size(); i++) {
            assertEquals(before + 1 + i, epochs.get(i));
        }
        assertEquals(26, crew.members("olga", group).size());
    }

    @Test
    void ownersWhoLeaveAtOnceLeaveOneBehind() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            String group = crew.group("olga", "adam", "mia", "max");
            crew.setRole("olga", group, "adam", Role.OWNER);
            List<Object> results =
                    Together.run(() -> leave("olga", group), () -> leave("adam", group), () -> leave("max", group));
            assertEquals(1, Collections.frequency(results, Reason.LAST_OWNER));
            assertEquals(
                    1,
                    crew.members("mia", group).stream()
                            .filter(member -> member.endsWith(" owner"))
                            .count());
        }
    }

    /** Keys that were made for one membership are handed round in it, or not at all. */
    @Test
    void keysAndAChangeAtTheSameMomentHaveAnOrder() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            String group = crew.group("olga", "adam", "mia");
            crew.connect("olga", "max");
            crew.emptyQueues();
            long before = crew.epoch("olga", group);
            boolean comes = round % 2 == 0;
            List<Object> results = Together.run(
                    () -> crew.groups
                            .rekey(
                                    crew.id("olga"),
                                    group,
                                    Map.of(new Username("adam"), "for-adam", new Username("mia"), "for-mia"),
                                    before,
                                    null)
                            .group()
                            .epoch(),
                    () -> {
                        if (comes) {
                            return crew.add("olga", group, "max");
                        }
                        crew.remove("olga", group, "mia");
                        return crew.epoch("olga", group);
                    });
            boolean wereHanded = results.get(0) instanceof Long;
            assertEquals(
                    wereHanded ? List.of(before + 1, before + 2) : List.of(Reason.STALE_EPOCH, before + 1), results);
            String key = "{\"group_id\":\"" + group + "\",\"epoch\":" + (before + 1) + ",\"sealed_key\":\"for-";
            for (String name : List.of("adam", "mia")) {
                assertEquals(wereHanded ? List.of(key + name + "\"}") : List.of(), crew.payloads(name, "group.key"));
            }
            assertEquals(List.of(), crew.payloads("max", "group.key"));
            crew.groups.delete(crew.id("olga"), group);
            crew.connections.remove(crew.id("olga"), new Username("max"));
            crew.emptyQueues();
        }
    }

    private boolean leave(String name, String group) {
        crew.remove(name, group, name);
        return true;
    }

    @Test
    void accountsThatEndAtOnceLeaveNothingBehind() throws Exception {
        for (int round = 0; round < 5; round++) {
            List<String> names = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                names.add("ending" + round + "_" + i);
                crew.user(names.get(i));
            }
            String group = crew.group(names.get(0), names.get(1), names.get(2), names.get(3));
            Callable<?>[] ends = names.stream()
                    .map(name -> (Callable<Object>) () -> {
                        crew.delete(name);
                        return name;
                    })
                    .toArray(Callable<?>[]::new);
            assertEquals(names, Together.run(ends));
            assertFalse(crew.store.database().<Boolean>read(handle -> new GroupStore(crew.store.vault())
                    .find(handle, group)
                    .isPresent()));
        }
        assertEquals(0, crew.count("groups"));
        assertEquals(0, crew.count("memberships"));
        assertEquals(0, crew.count("shared_bodies"));
    }
}
