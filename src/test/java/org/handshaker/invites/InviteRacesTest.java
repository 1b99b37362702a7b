// SPDX-License-Identifier: MIT
package org.handshaker.invites;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secret;
import org.handshaker.core.Username;
import org.handshaker.groups.Group;
import org.handshaker.groups.Role;
import org.handshaker.invites.Invite.Kind;
import org.handshaker.support.Circle;
import org.handshaker.support.Together;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An invite is redeemed while it, its maker or its guest goes, on real threads over the real store: one comes first. */
@NullUnmarked
class InviteRacesTest {
    private static final Duration DAY = Duration.ofDays(1);
    private static final int ROUNDS = 20;

    @TempDir
    Path directory;

    private Circle circle;
    private Invites invites;
    private Id alice;
    private Id bob;

    @BeforeEach
    void open() {
        circle = new Circle(directory);
        invites = new Invites(
                circle.store.database(),
                circle.store.vault(),
                circle.directory,
                circle.connections,
                circle.groups,
                circle.time);
        circle.directory.whenGone(invites);
        alice = circle.user("alice");
        bob = circle.user("bob");
    }

    @AfterEach
    void close() {
        circle.close();
    }

    private int usesLeft() {
        return invites.of(alice).stream().mapToInt(Invite::usesLeft).sum();
    }

    @Test
    void oneThatIsTakenBackLetsInBeforeOrNotAtAll() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Id guest = circle.user("guest" + round);
            Invites.Made made = invites.make(alice, Kind.CONNECTION, null, 1, DAY);
            List<Object> results =
                    Together.run(() -> invites.redeem(guest, made.token()).kind(), () -> {
                        invites.revoke(alice, made.invite().id());
                        return "taken back";
                    });
            boolean isIn = circle.connections.areConnected(alice, guest);
            assertEquals(
                    isIn ? List.of(Kind.CONNECTION, Reason.NOT_FOUND) : List.of(Reason.NOT_FOUND, "taken back"),
                    results);
            assertEquals(List.of(), invites.of(alice));
        }
    }

    @Test
    void whoseMakerMayAddNobodyAnyMoreLetsNobodyInAndLosesNoUse() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            String group = circle.groups.create(bob, null, null).id();
            invites.redeem(alice, invites.make(bob, Kind.GROUP, group, 1, DAY).token());
            circle.groups.setRole(bob, group, new Username("alice"), Role.ADMIN);
            Invites.Made made = invites.make(alice, Kind.GROUP, group, 2, DAY);
            Id guest = circle.user("guest" + round);
            List<Object> results = Together.run(
                    () -> invites.redeem(guest, made.token()).group().epoch(), () -> circle.groups
                            .setRole(bob, group, new Username("alice"), Role.MEMBER)
                            .epoch());
            Group after = circle.groups.show(bob, group);
            boolean isIn =
                    after.members().stream().anyMatch(member -> member.user().equals(guest));
            assertEquals(isIn ? List.of(4L, 5L) : List.of(Reason.NOT_FOUND, 4L), results);
            assertEquals(isIn ? 1 : 2, usesLeft());
            invites.revoke(alice, made.invite().id());
            circle.groups.delete(bob, group);
        }
    }

    @Test
    void aGuestOrAMakerWhoGoesLeavesNeitherATieNorARow() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Id maker = circle.user("maker" + round);
            Id guest = circle.user("guest" + round);
            String group = circle.groups.create(maker, null, null).id();
            Secret toConnect =
                    invites.make(maker, Kind.CONNECTION, null, 3, DAY).token();
            Secret toJoin = invites.make(maker, Kind.GROUP, group, 3, DAY).token();
            Id goes = round % 2 == 0 ? maker : guest;
            Together.run(
                    () -> invites.redeem(guest, toConnect).kind(),
                    () -> invites.redeem(guest, toJoin).kind(),
                    () -> {
                        circle.delete(goes);
                        return "gone";
                    });
            Id stays = goes.equals(maker) ? guest : maker;
            assertFalse(circle.connections.areConnected(maker, guest));
            for (Group each : circle.groups.of(stays)) {
                assertEquals(List.of(new Group.Member(stays, Role.OWNER)), each.members());
            }
            assertEquals(List.of(), circle.groups.of(goes));
            assertTrue(
                    goes.equals(maker)
                            ? invites.of(maker).isEmpty()
                            : invites.of(maker).size() == 2);
            circle.delete(stays);
        }
        for (String table : List.of("invites", "groups", "memberships", "connections")) {
            assertEquals(
                    0,
                    circle.store.database().<Integer>read(handle -> handle.createQuery("SELECT count(*) FROM " + table)
                            .mapTo(Integer.class)
                            .one()),
                    table);
        }
    }

    @Test
    void nobodyHasMoreThanTheirShareHoweverManyTheyMakeAtOnce() throws Exception {
        Callable<Object> maker = () -> {
            int made = 0;
            for (int i = 0; i < Limits.INVITES_PER_USER_MAX / 2; i++) {
                try {
                    invites.make(alice, Kind.REGISTER, null, 1, DAY);
                    made++;
                } catch (Refused refused) {
                    assertEquals(Reason.TOO_MANY_INVITES, refused.reason());
                }
            }
            return made;
        };
        List<Object> made = Together.run(Collections.nCopies(4, maker).toArray(Callable<?>[]::new));
        assertEquals(
                Limits.INVITES_PER_USER_MAX,
                made.stream().mapToInt(each -> (Integer) each).sum());
        assertEquals(Limits.INVITES_PER_USER_MAX, invites.of(alice).size());
    }
}
