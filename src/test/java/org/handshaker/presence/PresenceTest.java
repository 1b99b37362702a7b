// SPDX-License-Identifier: MIT
package org.handshaker.presence;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.support.Circle;
import org.handshaker.support.Refusals;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PresenceTest {
    /** What somebody was told. */
    private record Told(Id viewer, String who, Status status) {}

    @TempDir
    private Path directory;

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
    private final List<Told> told = new ArrayList<>();
    private final Queue<Runnable> news = new ArrayDeque<>();
    private Circle circle;
    private Presence presence;
    private Id alice;
    private Id bob;
    private Id stranger;

    @BeforeEach
    void open() {
        circle = new Circle(directory);
        presence = new Presence(
                circle.directory,
                circle.connections,
                (viewer, who, status) -> told.add(new Told(viewer, who.at(), status)),
                news::add,
                nanos::get);
        circle.directory.whenSettingsChange(presence::settingChanged);
        alice = circle.user("alice");
        bob = circle.user("bob");
        stranger = circle.user("stranger");
        circle.connect(alice, bob);
    }

    @AfterEach
    void close() {
        circle.close();
    }

    @Test
    void onlyConnectionsMayKnow() {
        presence.opened(bob);
        assertEquals(Optional.of(true), presence.online(alice, bob));
        assertEquals(Optional.empty(), presence.online(stranger, bob));
        assertEquals(Optional.empty(), presence.online(alice, Id.random()));
        circle.part(alice, bob);
        assertEquals(Optional.empty(), presence.online(alice, bob));
    }

    @Test
    void aUserIsThereWhileOneOfTheirSocketsIs() {
        presence.opened(alice);
        presence.opened(bob);
        presence.opened(bob);
        assertTold(Status.ONLINE);
        presence.closed(bob);
        assertTold();
        assertTrue(presence.isOnline(bob));
        presence.closed(bob);
        assertTold(Status.OFFLINE);
        assertFalse(presence.isOnline(bob));
        presence.closed(bob);
        assertTold();
    }

    @Test
    void invisibleOfflineAndUnknownLookAlike() {
        presence.opened(alice);
        presence.opened(bob);
        assertTold(Status.ONLINE);
        presence.choose(bob, Status.INVISIBLE);
        assertTold(Status.OFFLINE);
        assertEquals(presence.isOnline(Id.random()), presence.isOnline(bob));
        assertEquals(Optional.of(false), presence.online(alice, bob));
        presence.closed(bob);
        assertTold();
    }

    @Test
    void whoeverLeftInvisibleComesBackInvisible() {
        presence.opened(alice);
        presence.opened(bob);
        presence.choose(bob, Status.INVISIBLE);
        presence.closed(bob);
        presence.opened(bob);
        assertTold();
        assertFalse(presence.isOnline(bob));
        assertFalse(presence.maySee(bob));
        presence.choose(bob, Status.ONLINE);
        assertTold(Status.ONLINE);
        presence.closed(bob);
        presence.opened(bob);
        assertTold();
        assertTrue(presence.isOnline(bob));
    }

    @Test
    void awayIsHereAndForgottenWithTheLastSocket() {
        presence.opened(alice);
        presence.opened(bob);
        presence.choose(bob, Status.AWAY);
        assertTold(Status.AWAY);
        assertTrue(presence.isOnline(bob));
        presence.closed(bob);
        assertTold(Status.OFFLINE);
        presence.opened(bob);
        assertTold(Status.ONLINE);
    }

    private void pass(java.time.Duration span) {
        nanos.addAndGet(span.toNanos());
        presence.expire();
    }

    @Test
    void aHeartbeatShowsAPollerUntilItGrowsStale() {
        presence.opened(alice);
        presence.beat(new Caller(bob, Id.random()), Status.AWAY);
        assertTold(Status.AWAY);
        assertEquals(Optional.of(true), presence.online(alice, bob));
        assertEquals(Optional.empty(), presence.online(stranger, bob));
        pass(Limits.HEARTBEAT_LIFE.minusNanos(1));
        assertTrue(presence.isOnline(bob));
        presence.beat(new Caller(bob, Id.random()), Status.ONLINE);
        assertTold(Status.ONLINE);
        pass(Limits.HEARTBEAT_LIFE.minusNanos(1));
        assertTrue(presence.isOnline(bob));
        pass(Limits.HEARTBEAT_JITTER.plusNanos(1));
        assertTold(Status.OFFLINE);
        assertFalse(presence.isOnline(bob));
    }

    /** Else everybody who began in the same second would go in the same second, and each end would tell a beginning. */
    @Test
    void heartbeatsEndByChance() {
        List<Id> many = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            many.add(circle.user("poller" + i));
            presence.beat(new Caller(many.get(i), Id.random()), Status.ONLINE);
        }
        pass(Limits.HEARTBEAT_LIFE.plus(Limits.HEARTBEAT_JITTER.dividedBy(2)));
        long left = many.stream().filter(presence::isOnline).count();
        assertTrue(left > 0 && left < many.size(), left + " are left in the middle");
    }

    @Test
    void soManyAreShownByHeartbeatAndTheNextHearsBusyUntilOneIsOver() {
        Caller first = new Caller(alice, Id.random());
        presence.beat(first, Status.ONLINE);
        for (int i = 1; i < Limits.HEARTBEATS_MAX; i++) {
            presence.beat(new Caller(Id.random(), Id.random()), Status.ONLINE);
        }
        Caller next = new Caller(bob, Id.random());
        Refusals.assertRefused(Reason.BUSY, () -> presence.beat(next, Status.ONLINE));
        assertFalse(presence.isOnline(bob));
        presence.beat(first, Status.AWAY);
        presence.sessionEnded(first.user(), first.session());
        presence.beat(next, Status.ONLINE);
        assertTrue(presence.isOnline(bob));
        Refusals.assertRefused(Reason.BUSY, () -> presence.beat(first, Status.ONLINE));
        pass(Limits.HEARTBEAT_LIFE.plus(Limits.HEARTBEAT_JITTER));
        presence.beat(first, Status.ONLINE);
    }

    @Test
    void anInvisiblePollerIsOfflineAndStaysSo() {
        presence.opened(alice);
        presence.beat(new Caller(bob, Id.random()), Status.INVISIBLE);
        assertTold();
        assertFalse(presence.isOnline(bob));
        assertFalse(presence.maySee(bob));
        pass(Limits.HEARTBEAT_LIFE.plus(Limits.HEARTBEAT_JITTER));
        presence.opened(bob);
        assertTold();
    }

    @Test
    void aHeartbeatEndsWithItsSessionAndNotWithAnother() {
        presence.opened(alice);
        Id session = Id.random();
        presence.beat(new Caller(bob, session), Status.ONLINE);
        presence.sessionEnded(bob, Id.random());
        assertTold(Status.ONLINE);
        presence.sessionEnded(bob, session);
        assertTold(Status.OFFLINE);
    }

    @Test
    void whoPollsAndHoldsASocketIsHereForEither() {
        presence.opened(alice);
        presence.opened(bob);
        presence.beat(new Caller(bob, Id.random()), Status.ONLINE);
        presence.closed(bob);
        assertTold(Status.ONLINE);
        presence.opened(bob);
        pass(Limits.HEARTBEAT_LIFE.plus(Limits.HEARTBEAT_JITTER));
        assertTrue(presence.isOnline(bob));
        presence.closed(bob);
        assertTold(Status.OFFLINE);
    }

    @Test
    void aChoiceWithoutASocketMeansNothing() {
        presence.opened(alice);
        presence.choose(bob, Status.AWAY);
        assertTold();
        assertFalse(presence.isOnline(bob));
    }

    @Test
    void whoeverShowsNoPresenceIsOfflineToEverybody() {
        presence.opened(alice);
        presence.opened(bob);
        assertTold(Status.ONLINE);
        circle.directory.change(bob, null, false);
        assertTold(Status.OFFLINE);
        assertFalse(presence.isOnline(bob));
        assertFalse(presence.maySee(bob));
        presence.choose(bob, Status.AWAY);
        assertTold();
        circle.directory.change(bob, null, true);
        assertTold(Status.AWAY);
        presence.settingChanged(bob);
        assertTold();
    }

    @Test
    void aSenderMaySeeWhomeverIsThereOrGoneAndNobodyWhoHides() {
        assertTrue(presence.maySee(bob));
        presence.opened(bob);
        assertTrue(presence.maySee(bob));
        presence.choose(bob, Status.INVISIBLE);
        assertFalse(presence.maySee(bob));
        assertFalse(presence.maySee(Id.random()));
    }

    @Test
    void newsGoesToConnectionsWhoAreThere() {
        presence.opened(bob);
        presence.opened(stranger);
        assertTold();
        presence.opened(alice);
        presence.closed(bob);
        assertTold(Status.OFFLINE);
        presence.opened(bob);
        assertTold(Status.ONLINE);
        circle.part(alice, bob);
        presence.closed(bob);
        assertTold();
    }

    @Test
    void whatHappenedAtOnceIsOneNews() {
        presence.opened(alice);
        tellAll();
        presence.opened(bob);
        presence.closed(bob);
        presence.opened(bob);
        presence.choose(bob, Status.AWAY);
        assertEquals(1, news.size(), "one task for all of it");
        assertTold(Status.AWAY);
        presence.closed(bob);
        presence.opened(bob);
        presence.choose(bob, Status.AWAY);
        assertTold();
    }

    @Test
    void aDeletedAccountIsNoNews() {
        presence.opened(alice);
        presence.opened(bob);
        assertTold(Status.ONLINE);
        circle.delete(bob);
        presence.closed(bob);
        assertTold();
        assertFalse(presence.isOnline(bob));
    }

    @Test
    void threeStatusesCanBeChosen() {
        assertEquals(Status.ONLINE, Status.parse("online"));
        assertEquals(Status.AWAY, Status.parse("away"));
        assertEquals(Status.INVISIBLE, Status.parse("invisible"));
        for (String none : List.of("offline", "ONLINE", "", "busy", " online")) {
            Refusals.assertRefused(Reason.MALFORMED, () -> Status.parse(none));
        }
    }

    private void tellAll() {
        for (Runnable task = news.poll(); task != null; task = news.poll()) {
            task.run();
        }
        told.clear();
    }

    /** Exactly this was said about Bob, and to Alice. */
    private void assertTold(Status... expected) {
        for (Runnable task = news.poll(); task != null; task = news.poll()) {
            task.run();
        }
        String name = new Username("bob").at();
        List<Told> ofBob =
                told.stream().filter(each -> !each.who().equals("@alice")).toList();
        List<Told> wanted = new ArrayList<>();
        for (Status status : expected) {
            wanted.add(new Told(alice, name, status));
        }
        assertEquals(wanted, ofBob);
        told.clear();
    }
}
