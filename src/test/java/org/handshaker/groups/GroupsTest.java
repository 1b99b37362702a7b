// SPDX-License-Identifier: MIT
package org.handshaker.groups;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.queue.FanOut;
import org.handshaker.queue.Kind;
import org.handshaker.support.Await;
import org.handshaker.support.Refusals;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GroupsTest {
    @TempDir
    Path directory;

    private Crew crew;

    @BeforeEach
    void open() {
        crew = new Crew(directory);
        for (String name : List.of("olga", "adam", "mia", "max", "stranger")) {
            crew.user(name);
        }
    }

    @AfterEach
    void close() {
        crew.close();
    }

    /** Olga owns it, Adam is admin, Mia and Max are members; all queues are empty. */
    private String family() {
        String group = crew.group("olga", "adam", "mia", "max");
        crew.setRole("olga", group, "adam", Role.ADMIN);
        crew.emptyQueues();
        return group;
    }

    private static void assertRefused(Reason reason, Runnable attempt) {
        Refusals.assertRefused(reason, attempt::run);
    }

    @Test
    void theEpochRisesWithEveryChangeAndEachMemberHearsOfIt() {
        String group = crew.group("olga");
        assertEquals(1, crew.epoch("olga", group));
        crew.connect("olga", "mia");
        crew.emptyQueues();
        assertEquals(2, crew.add("olga", group, "mia"));
        String second = "{\"group_id\":\"" + group + "\",\"epoch\":2}";
        assertEquals(List.of(second), crew.payloads("olga", "group.changed"));
        assertEquals(List.of(second), crew.payloads("mia", "group.changed"));
        assertEquals(3, crew.setRole("olga", group, "mia", Role.ADMIN));
        // One piece of news for each group: the newest.
        String third = "{\"group_id\":\"" + group + "\",\"epoch\":3}";
        assertEquals(List.of(third), crew.payloads("mia", "group.changed"));
        crew.remove("mia", group, "mia");
        assertEquals(4, crew.epoch("olga", group));
        assertEquals(List.of("{\"group_id\":\"" + group + "\"}"), crew.payloads("mia", "group.removed"));
        assertEquals(List.of(), crew.payloads("mia", "group.changed"));
    }

    @Test
    void whoIsNotInItLearnsNothing() {
        String group = family();
        String nowhere = Group.id(null);
        Id stranger = crew.id("stranger");
        for (String each : List.of(group, nowhere, "x", "", "a/b", "x".repeat(65))) {
            assertRefused(Reason.NOT_FOUND, () -> crew.groups.show(stranger, each));
            assertRefused(Reason.NOT_FOUND, () -> crew.add("stranger", each, "mia"));
            assertRefused(Reason.NOT_FOUND, () -> crew.remove("stranger", each, "stranger"));
            assertRefused(Reason.NOT_FOUND, () -> crew.remove("stranger", each, "mia"));
            assertRefused(Reason.NOT_FOUND, () -> crew.setRole("stranger", each, "mia", Role.ADMIN));
            assertRefused(Reason.NOT_FOUND, () -> crew.groups.delete(stranger, each));
            assertRefused(Reason.NOT_FOUND, () -> crew.groups.rekey(stranger, each, Map.of(), null, null));
            assertRefused(Reason.NOT_FOUND, () -> crew.send("stranger", each, 5, "x", null));
        }
        assertEquals(List.of(), crew.groups.of(stranger));
        assertEquals(List.of("olga owner", "adam admin", "mia member", "max member"), crew.members("max", group));
    }

    /** As for what goes to one: a disk that does not keep up refuses senders before memory fills. */
    @Test
    void whatWaitsForTheDiskIsBoundedInBytes() {
        String group = family();
        long epoch = crew.epoch("olga", group);
        AtomicBoolean isStalled = new AtomicBoolean();
        AtomicBoolean isOver = new AtomicBoolean();
        var unused = crew.store.database().freeLater(handle -> {
            isStalled.set(true);
            Await.until("the disk is back", 60, isOver::get);
            return true;
        });
        String payload = "x".repeat(60_000);
        List<CompletableFuture<FanOut>> waiting = new ArrayList<>();
        try {
            Await.until("the disk is stalled", 20, isStalled::get);
            assertRefused(Reason.BUSY, () -> {
                while (true) {
                    waiting.add(
                            crew.groups.send(crew.id("olga"), group, epoch, new Kind("message"), payload, null, null));
                }
            });
            long mebibytes = crew.queue.bytesInMemory() / (1_024 * 1_024);
            assertTrue(mebibytes >= 127 && mebibytes <= 128, mebibytes + " MiB");
            assertTrue(waiting.size() < 2_300, waiting.size() + " in line");
        } finally {
            isOver.set(true);
        }
        assertEquals(3, waiting.get(0).orTimeout(60, TimeUnit.SECONDS).join().stored());
        for (CompletableFuture<FanOut> each : waiting) {
            // Past its share of their queues none of them has room.
            each.exceptionally(full -> new FanOut(Id.random(), Instant.MAX, 0, 3))
                    .orTimeout(60, TimeUnit.SECONDS)
                    .join();
        }
        assertEquals(0, crew.queue.bytesInMemory());
    }

    @Test
    void rolesSayWhoMayDoWhat() {
        String group = family();
        assertRefused(Reason.NOT_PERMITTED, () -> crew.add("mia", group, "stranger"));
        assertRefused(Reason.NOT_PERMITTED, () -> crew.remove("mia", group, "max"));
        assertRefused(Reason.NOT_PERMITTED, () -> crew.remove("mia", group, "olga"));
        assertRefused(Reason.NOT_PERMITTED, () -> crew.remove("adam", group, "olga"));
        assertRefused(Reason.NOT_PERMITTED, () -> crew.setRole("adam", group, "mia", Role.ADMIN));
        assertRefused(Reason.NOT_PERMITTED, () -> crew.setRole("mia", group, "mia", Role.OWNER));
        assertRefused(Reason.NOT_PERMITTED, () -> crew.groups.delete(crew.id("adam"), group));
        assertRefused(Reason.NOT_PERMITTED, () -> crew.groups.rekey(crew.id("mia"), group, Map.of(), null, null));
        crew.setRole("olga", group, "mia", Role.ADMIN);
        assertRefused(Reason.NOT_PERMITTED, () -> crew.remove("adam", group, "mia"));
        crew.remove("adam", group, "max");
        crew.remove("olga", group, "mia");
        assertEquals(List.of("olga owner", "adam admin"), crew.members("adam", group));
        assertRefused(Reason.NOT_FOUND, () -> crew.remove("olga", group, "mia"));
        assertRefused(Reason.NOT_FOUND, () -> crew.remove("olga", group, "nobody"));
        assertRefused(Reason.NOT_FOUND, () -> crew.setRole("olga", group, "mia", Role.ADMIN));
    }

    @Test
    void oneAddsOnlyOnesOwnConnectionsAndEachOnce() {
        String group = family();
        assertRefused(Reason.NOT_CONNECTED, () -> crew.add("olga", group, "stranger"));
        assertRefused(Reason.NOT_CONNECTED, () -> crew.add("olga", group, "nobody"));
        // A connection of the owner's is not the admin's.
        crew.connect("olga", "stranger");
        assertRefused(Reason.NOT_CONNECTED, () -> crew.add("adam", group, "stranger"));
        crew.add("olga", group, "stranger");
        assertRefused(Reason.ALREADY_MEMBER, () -> crew.add("olga", group, "stranger"));
    }

    @Test
    void theLastOwnerCannotLeaveOthersBehind() {
        String group = family();
        assertRefused(Reason.LAST_OWNER, () -> crew.remove("olga", group, "olga"));
        assertRefused(Reason.LAST_OWNER, () -> crew.setRole("olga", group, "olga", Role.MEMBER));
        crew.setRole("olga", group, "mia", Role.OWNER);
        assertRefused(Reason.NOT_PERMITTED, () -> crew.setRole("olga", group, "mia", Role.MEMBER));
        assertRefused(Reason.NOT_PERMITTED, () -> crew.remove("olga", group, "mia"));
        crew.remove("olga", group, "olga");
        assertEquals(List.of("adam admin", "mia owner", "max member"), crew.members("max", group));
        for (String name : List.of("adam", "max", "mia")) {
            crew.remove(name, group, name);
        }
        assertEquals(0, crew.count("groups"));
        assertEquals(0, crew.count("memberships"));
    }

    @Test
    void anAccountThatEndsLeavesItsGroupsWithAnOwnerAndANewEpoch() {
        String group = family();
        long before = crew.epoch("max", group);
        crew.delete("olga");
        assertEquals(List.of("adam owner", "mia member", "max member"), crew.members("max", group));
        assertEquals(before + 1, crew.epoch("max", group));
        assertEquals(
                List.of("{\"group_id\":\"" + group + "\",\"epoch\":" + (before + 1) + "}"),
                crew.payloads("mia", "group.changed"));
        crew.delete("adam");
        assertEquals(List.of("mia owner", "max member"), crew.members("max", group));
        crew.delete("mia");
        crew.delete("max");
        assertEquals(0, crew.count("groups"));
        assertEquals(0, crew.count("memberships"));
    }

    @Test
    void anOldEpochIsRefusedAndReachesNobody() {
        String group = family();
        long epoch = crew.epoch("max", group);
        crew.remove("olga", group, "mia");
        assertRefused(Reason.STALE_EPOCH, () -> crew.send("max", group, epoch, "for mia too", null));
        assertRefused(Reason.STALE_EPOCH, () -> crew.send("max", group, epoch + 2, "from nowhen", null));
        assertRefused(Reason.NOT_FOUND, () -> crew.send("mia", group, epoch + 1, "still here", null));
        assertEquals(2, crew.send("max", group, epoch + 1, "for us", null).stored());
        assertEquals(List.of(), crew.messages("mia"));
        assertEquals(List.of("for us"), crew.messages("olga"));
        assertEquals(List.of(), crew.messages("max"));
        assertEquals(
                group, crew.events("adam").get(crew.events("adam").size() - 1).group());
    }

    @Test
    void oneBodyServesAllAndGoesWithTheLastOfThem() {
        String group = family();
        crew.send("max", group, "one for all");
        assertEquals(1, crew.count("shared_bodies"));
        assertEquals(3, crew.count("events WHERE shared IS NOT NULL AND length(body) = 0"));
        assertFalse(crew.store.filesHold("one for all"));
        crew.restart();
        assertEquals(List.of("one for all"), crew.messages("olga"));
        assertEquals(List.of("one for all"), crew.messages("adam"));
        crew.ackAll("olga");
        crew.ackAll("adam");
        assertEquals(1, crew.count("shared_bodies"));
        crew.kill();
        assertEquals(List.of("one for all"), crew.messages("mia"));
        crew.ackAll("mia");
        assertEquals(0, crew.count("shared_bodies"));
    }

    @Test
    void aBodyGoesByExpiryAndWithTheAccountsThatWaitedForIt() {
        String group = family();
        crew.send("max", group, "never read");
        crew.delete("olga");
        crew.delete("adam");
        assertEquals(1, crew.count("shared_bodies"));
        crew.delete("mia");
        assertEquals(0, crew.count("shared_bodies"));
        String two = crew.group("max", "stranger");
        crew.emptyQueues();
        crew.send("max", two, "never read");
        crew.time.advance(java.time.Duration.ofDays(15));
        crew.sweep();
        assertEquals(0, crew.count("shared_bodies"));
        assertEquals(0, crew.count("events"));
    }

    @Test
    void aFullQueueIsCountedAndFailsNobodyElse() {
        String group = family();
        crew.connect("max", "mia");
        crew.emptyQueues();
        for (int i = 0; i < Limits.QUEUE_EVENTS_MAX / 2; i++) {
            crew.sendAlone("max", "mia", "x");
        }
        var some = crew.send("max", group, "not for mia");
        assertEquals(2, some.stored());
        assertEquals(1, some.full());
        // Whoever has sent less has room there still.
        assertEquals(0, crew.send("adam", group, "for mia").full());
        String pair = crew.group("max", "mia");
        assertRefused(Reason.QUEUE_FULL, () -> crew.send("max", pair, "nobody has room"));
        assertEquals(2, crew.count("shared_bodies"));
    }

    @Test
    void aRetryIsTheSameEventAlsoAfterAKill() {
        String group = family();
        long epoch = crew.epoch("max", group);
        Id first = crew.send("max", group, epoch, "once", "c1").eventId();
        crew.ackAll("olga");
        crew.kill();
        var again = crew.send("max", group, epoch, "other content", "c1");
        assertEquals(first, again.eventId());
        assertEquals(3, again.stored());
        assertEquals(List.of("once"), crew.messages("mia"));
        assertEquals(first, crew.events("mia").get(0).eventId());
        // Acked, and so forgotten there: it comes again under its id.
        assertEquals(first, crew.events("olga").get(0).eventId());
        crew.emptyQueues();
        assertEquals(0, crew.count("shared_bodies"));
    }

    @Test
    void whatCameThroughAGroupStaysWhenTwoPart() {
        String group = family();
        crew.connect("max", "mia");
        crew.emptyQueues();
        crew.send("max", group, "to all");
        crew.sendAlone("max", "mia", "to mia");
        crew.connections.remove(crew.id("mia"), new Username("max"));
        assertEquals(List.of("to all"), crew.messages("mia"));
        crew.restart();
        assertEquals(List.of("to all"), crew.messages("mia"));
    }

    @Test
    void keysAreHandedRoundMemberByMember() {
        String group = family();
        long before = crew.epoch("olga", group);
        Map<Username, String> keys = Map.of(new Username("adam"), "forAdam", new Username("mia"), "forMia");
        var done = crew.groups.rekey(crew.id("olga"), group, keys, before, "newProfile");
        assertEquals(before + 1, done.group().epoch());
        assertEquals(2, done.handed());
        assertEquals(
                List.of("{\"group_id\":\"" + group + "\",\"epoch\":" + (before + 1) + ",\"sealed_key\":\"forMia\"}"),
                crew.payloads("mia", "group.key"));
        assertEquals(new Username("olga"), crew.events("mia").get(1).from());
        assertEquals(List.of(), crew.payloads("max", "group.key"));
        assertEquals("newProfile", crew.show("max", group).profile());
        assertRefused(Reason.STALE_EPOCH, () -> crew.groups.rekey(crew.id("olga"), group, keys, before, null));
        crew.remove("olga", group, "mia");
        assertRefused(Reason.STALE_EPOCH, () -> crew.groups.rekey(crew.id("olga"), group, keys, null, null));
        assertEquals(before + 2, crew.epoch("olga", group));
    }

    @Test
    void aDeletedGroupIsGoneForAllAndWhatWaitsStillWaits() {
        String group = family();
        crew.send("max", group, "last words");
        crew.groups.delete(crew.id("olga"), group);
        assertRefused(Reason.NOT_FOUND, () -> crew.show("olga", group));
        assertEquals(List.of("{\"group_id\":\"" + group + "\"}"), crew.payloads("mia", "group.removed"));
        assertEquals(List.of("last words"), crew.messages("mia"));
        assertEquals(0, crew.count("memberships"));
    }

    @Test
    void anIdOfOnesOwnIsTakenOnce() {
        String mine = "0b8f8f9e-3f0b-4b8e-9a57-2f7f5f0f1c11";
        assertEquals(mine, crew.groups.create(crew.id("olga"), mine, "profile").id());
        assertEquals(1, crew.groups.create(crew.id("olga"), mine, "profile").epoch());
        assertRefused(Reason.GROUP_EXISTS, () -> crew.groups.create(crew.id("adam"), mine, null));
        for (String bad : List.of("", "short", "x".repeat(65), "with blanks 12345", "ümlaut0123456789")) {
            assertRefused(Reason.MALFORMED, () -> crew.groups.create(crew.id("adam"), bad, null));
        }
    }

    @Test
    void groupsAndMembersAreBounded() {
        for (int i = 0; i < Limits.GROUPS_PER_USER_MAX; i++) {
            crew.group("mia");
        }
        assertRefused(Reason.TOO_MANY_GROUPS, () -> crew.group("mia"));
        crew.connect("olga", "mia");
        String group = crew.group("olga");
        assertRefused(Reason.TOO_MANY_GROUPS, () -> crew.add("olga", group, "mia"));
        assertEquals(1, crew.epoch("olga", group));
    }

    @Test
    void noFileTellsWhoIsInAGroup() {
        String group = crew.groups.create(crew.id("olga"), null, "theProfile").id();
        crew.connect("olga", "mia");
        crew.add("olga", group, "mia");
        crew.send("olga", group, "thePayload");
        for (String secret : List.of("theProfile", "thePayload", group, "olga", "mia")) {
            assertFalse(crew.store.filesHold(secret), secret);
        }
        assertFalse(crew.store.filesHold(concat()));
        assertNull(crew.groups.create(crew.id("mia"), null, null).profile());
        assertTrue(crew.count("memberships") > 0);
    }

    /** The two ids as they stand in the group, one behind the other. */
    private byte[] concat() {
        byte[] both = new byte[2 * Id.BYTES + 1];
        System.arraycopy(crew.id("olga").bytes(), 0, both, 0, Id.BYTES);
        both[Id.BYTES] = Role.OWNER.code();
        System.arraycopy(crew.id("mia").bytes(), 0, both, Id.BYTES + 1, Id.BYTES);
        return both;
    }
}
