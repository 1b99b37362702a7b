// SPDX-License-Identifier: MIT
package org.handshaker.invites;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Secret;
import org.handshaker.core.Username;
import org.handshaker.groups.Role;
import org.handshaker.invites.Invite.Kind;
import org.handshaker.support.Circle;
import org.handshaker.support.Refusals;
import org.handshaker.support.Together;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
class InvitesTest {
    private static final Duration DAY = Duration.ofDays(1);

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

    private Secret make(Kind kind, int uses) {
        return invites.make(alice, kind, null, uses, DAY).token();
    }

    private int rows() {
        return circle.store.database().read(handle -> handle.createQuery("SELECT count(*) FROM invites")
                .mapTo(Integer.class)
                .one());
    }

    private boolean use(Secret token) {
        return circle.store.database().<Boolean>write(handle -> invites.use(handle, token));
    }

    @Test
    void connectsTheTwoOnceAndIsGone() {
        Secret token = make(Kind.CONNECTION, 1);
        Invites.Redeemed redeemed = invites.redeem(bob, token);
        assertEquals(new Invites.Redeemed(Kind.CONNECTION, new Username("alice"), null), redeemed);
        assertTrue(circle.connections.areConnected(alice, bob));
        assertEquals(0, rows());
        Refusals.assertRefused(Reason.NOT_FOUND, () -> invites.redeem(circle.user("carol"), token));
    }

    @Test
    void nothingIsUsedWhereNothingCameOfIt() {
        Secret token = make(Kind.CONNECTION, 2);
        Refusals.assertRefused(Reason.NOT_WITH_YOURSELF, () -> invites.redeem(alice, token));
        invites.redeem(bob, token);
        Refusals.assertRefused(Reason.ALREADY_CONNECTED, () -> invites.redeem(bob, token));
        assertEquals(1, invites.of(alice).get(0).usesLeft());
    }

    @Test
    void whomTheInviterHasBlockedNobodyHasInvitedAndOnesOwnBlockIsLifted() {
        Secret token = make(Kind.CONNECTION, 2);
        circle.connections.block(alice, new Username("bob"));
        Refusals.assertRefused(Reason.NOT_FOUND, () -> invites.redeem(bob, token));
        Id carol = circle.user("carol");
        circle.connections.block(carol, new Username("alice"));
        circle.connections.ask(alice, new Username("carol"), null);
        invites.redeem(carol, token);
        assertTrue(circle.connections.areConnected(alice, carol));
        assertEquals(List.of(), circle.connections.blockedBy(carol));
        assertEquals(List.of(), circle.connections.pending(alice).outgoing());
    }

    @Test
    void ofManyWhoRedeemAtOnceAsManyHaveItAsThereAreUses() throws Exception {
        int uses = 5;
        Secret token = make(Kind.CONNECTION, uses);
        List<Callable<?>> all = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            Id guest = circle.user("guest" + i);
            all.add(() -> invites.redeem(guest, token).kind());
        }
        List<Object> results = Together.run(all.toArray(new Callable<?>[0]));
        assertEquals(uses, Collections.frequency(results, Kind.CONNECTION));
        assertEquals(16 - uses, Collections.frequency(results, Reason.NOT_FOUND));
        assertEquals(uses, circle.connections.peersOf(alice).size());
        assertEquals(0, rows());
    }

    @Test
    void leadsIntoAGroupWhileItsMakerMayAddMembers() {
        String group = circle.groups.create(alice, null, null).id();
        Refusals.assertRefused(Reason.NOT_FOUND, () -> invites.make(bob, Kind.GROUP, group, 1, DAY));
        Secret token = invites.make(alice, Kind.GROUP, group, 3, DAY).token();
        Invites.Redeemed joined = invites.redeem(bob, token);
        assertEquals(2, joined.group().epoch());
        Refusals.assertRefused(Reason.ALREADY_MEMBER, () -> invites.redeem(bob, token));
        Refusals.assertRefused(Reason.NOT_PERMITTED, () -> invites.make(bob, Kind.GROUP, group, 1, DAY));
        circle.groups.setRole(alice, group, new Username("bob"), Role.OWNER);
        circle.groups.setRole(alice, group, new Username("alice"), Role.MEMBER);
        Id carol = circle.user("carol");
        Refusals.assertRefused(Reason.NOT_FOUND, () -> invites.redeem(carol, token));
        circle.groups.setRole(bob, group, new Username("alice"), Role.ADMIN);
        assertEquals(3, invites.redeem(carol, token).group().members().size());
        circle.groups.delete(bob, group);
        Refusals.assertRefused(Reason.NOT_FOUND, () -> invites.redeem(circle.user("dave"), token));
    }

    @Test
    void runsOutIsTakenBackAndEndsWithItsMaker() {
        Secret token = make(Kind.CONNECTION, 1);
        circle.time.advance(DAY.minusSeconds(1));
        assertEquals(1, invites.of(alice).size());
        circle.time.advance(Duration.ofSeconds(1));
        assertEquals(List.of(), invites.of(alice));
        Refusals.assertRefused(Reason.NOT_FOUND, () -> invites.redeem(bob, token));
        assertEquals(
                1, circle.store.database().<Integer>write(handle -> invites.expire(handle, circle.time.instant())));

        Invites.Made second = invites.make(alice, Kind.CONNECTION, null, 1, DAY);
        Refusals.assertRefused(
                Reason.NOT_FOUND, () -> invites.revoke(bob, second.invite().id()));
        invites.revoke(alice, second.invite().id());
        Refusals.assertRefused(
                Reason.NOT_FOUND, () -> invites.revoke(alice, second.invite().id()));
        Refusals.assertRefused(Reason.NOT_FOUND, () -> invites.redeem(bob, second.token()));

        Secret third = make(Kind.REGISTER, 1);
        circle.delete(alice);
        assertFalse(invites.admits(third));
        assertEquals(0, rows());
    }

    @Test
    void oneToRegisterDoesThatAndNothingElse() {
        Secret register = make(Kind.REGISTER, 2);
        Refusals.assertRefused(Reason.NOT_FOUND, () -> invites.redeem(bob, register));
        assertFalse(invites.admits(make(Kind.CONNECTION, 1)));
        assertFalse(invites.admits(Secret.of("nonsense".toCharArray())));
        assertTrue(invites.admits(register));
        assertTrue(use(register));
        assertTrue(use(register));
        assertFalse(use(register));
        assertFalse(invites.admits(register));
    }

    @Test
    void isBoundedAndKnownByItsHashAlone() {
        Secret token = make(Kind.CONNECTION, 1);
        assertFalse(circle.store.filesHold(new String(token.chars())));
        for (int i = 1; i < Limits.INVITES_PER_USER_MAX; i++) {
            make(Kind.REGISTER, 1);
        }
        Refusals.assertRefused(Reason.TOO_MANY_INVITES, () -> make(Kind.REGISTER, 1));
        Refusals.assertRefused(Reason.MALFORMED, () -> invites.make(bob, Kind.REGISTER, "a".repeat(22), 1, DAY));
        Refusals.assertRefused(Reason.MALFORMED, () -> invites.make(bob, Kind.GROUP, null, 1, DAY));
        Refusals.assertRefused(Reason.NOT_FOUND, () -> invites.make(bob, Kind.GROUP, "a".repeat(22), 1, DAY));
    }
}
