// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Secret;
import org.handshaker.core.Username;
import org.handshaker.support.Gpg;
import org.handshaker.support.Together;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LoginsTest {
    private static final Username ALICE = new Username("alice");
    private static final Username NOBODY = new Username("nobody");

    @TempDir
    private Path path;

    private Household house;
    private Gpg gpg;

    @BeforeEach
    void open() {
        house = new Household(path);
        gpg = Gpg.beforeTestTime();
    }

    @AfterEach
    void close() {
        gpg.close();
        house.close();
    }

    @Test
    void thePasswordOpensASession() {
        house.register("alice");
        house.sessions.authenticate(house.login("alice").accessToken());
    }

    @Test
    void aWrongNameAndAWrongPasswordLookAndCostTheSame() {
        house.register("alice");
        house.hashes.set(0);
        assertRefused(Reason.BAD_CREDENTIALS, () -> house.login("alice", "wrong horse battery"));
        assertEquals(1, house.hashes.getAndSet(0));
        assertRefused(Reason.BAD_CREDENTIALS, () -> house.login("nobody", "wrong horse battery"));
        assertEquals(1, house.hashes.getAndSet(0));
        assertRefused(Reason.BAD_CREDENTIALS, () -> house.login("alice", "x".repeat(5_000)));
        assertEquals(1, house.hashes.getAndSet(0));
        assertRefused(Reason.BAD_CREDENTIALS, () -> house.login("nobody", "x".repeat(5_000)));
        assertEquals(1, house.hashes.getAndSet(0));
    }

    @Test
    void aHashThatCostLessIsMadeAnewAtSignIn() {
        house.register("alice");
        String before = phc();
        house.login("alice");
        assertEquals(before, phc());
        Passwords dearer = new Passwords(Passwords.inJava(), new Passwords.Cost(1_024, 2, 1), 12);
        Logins logins = house.loginsWith(dearer);
        assertRefused(Reason.BAD_CREDENTIALS, () -> logins.byPassword(ALICE, "wrong horse battery".toCharArray()));
        assertEquals(before, phc());
        logins.byPassword(ALICE, Household.PASSWORD.toCharArray());
        assertTrue(phc().startsWith("$argon2id$v=19$m=1024,t=2,p=1$"), phc());
        house.login("alice");
    }

    @Test
    void aPasswordThatIsChangedWhileItIsCheckedOpensNothing() {
        Grant alice = house.register("alice");
        Passwords slow = new Passwords(
                (password, salt, cost, bytes) -> {
                    byte[] hash = Passwords.inJava().hash(password, salt, cost, bytes);
                    house.accounts.changePassword(
                            alice.caller(), Household.PASSWORD.toCharArray(), "another horse battery".toCharArray());
                    return hash;
                },
                new Passwords.Cost(1_024, 1, 1),
                12);
        Logins logins = house.loginsWith(slow);
        assertRefused(Reason.BAD_CREDENTIALS, () -> logins.byPassword(ALICE, Household.PASSWORD.toCharArray()));
        assertEquals(1, house.rows("sessions"));
    }

    private static Secret secret(String text) {
        return Secret.of(text.toCharArray());
    }

    private String phc() {
        return house.store
                .database()
                .read(handle -> new ProofStore(house.store.vault()).password(handle, house.id("alice")))
                .orElseThrow();
    }

    @Test
    void theOwnerOfTheKeySignsInWithoutAPassword() {
        house.register("alice", gpg.export(gpg.key("alice", "ed25519", "cv25519")));
        Logins.Challenge challenge = house.logins.challenge(ALICE);
        Secret response = secret(gpg.decrypt(challenge.message()));
        Grant grant = house.logins.byKey(ALICE, challenge.id().text(), response);
        assertEquals(grant.caller(), house.sessions.authenticate(grant.accessToken()));
    }

    @Test
    void aChallengeCountsOnceEvenInParallel() throws Exception {
        house.register("alice", gpg.export(gpg.key("alice", "ed25519", "cv25519")));
        Logins.Challenge challenge = house.logins.challenge(ALICE);
        Secret response = secret(gpg.decrypt(challenge.message()));
        List<Object> results = Together.run(
                () -> house.logins.byKey(ALICE, challenge.id().text(), response),
                () -> house.logins.byKey(ALICE, challenge.id().text(), response),
                () -> house.logins.byKey(ALICE, challenge.id().text(), response));
        assertEquals(2, Collections.frequency(results, Reason.BAD_OTP));
    }

    @Test
    void nothingOpensASuspendedAccountBeforeItIsLetInAgain() {
        Grant before = house.register("alice", gpg.export(gpg.key("alice", "ed25519", "cv25519")));
        house.suspensions.suspend(ALICE);
        house.suspensions.suspend(ALICE);
        assertRefused(Reason.SESSION_REVOKED, () -> house.sessions.refresh(before.refreshToken(), null));
        assertRefused(Reason.BAD_CREDENTIALS, () -> house.login("alice", Household.PASSWORD));
        Logins.Challenge challenge = house.logins.challenge(ALICE);
        Secret response = secret(gpg.decrypt(challenge.message()));
        assertRefused(
                Reason.BAD_OTP, () -> house.logins.byKey(ALICE, challenge.id().text(), response));
        assertRefused(Reason.NOT_FOUND, () -> house.suspensions.suspend(NOBODY));
        assertEquals(1, house.suspensions.count());

        house.suspensions.lift(ALICE);
        assertEquals(0, house.suspensions.count());
        house.login("alice", Household.PASSWORD);
        house.logins.byKey(ALICE, challenge.id().text(), response);
    }

    @Test
    void aChallengeExpires() {
        house.register("alice", gpg.export(gpg.key("alice", "ed25519", "cv25519")));
        Logins.Challenge challenge = house.logins.challenge(ALICE);
        Secret response = secret(gpg.decrypt(challenge.message()));
        house.time.advance(Logins.CHALLENGE_LIFE);
        assertRefused(
                Reason.BAD_OTP, () -> house.logins.byKey(ALICE, challenge.id().text(), response));
    }

    @Test
    void aChallengeIsForOneAccountAndOneId() {
        String armor = gpg.export(gpg.key("alice", "ed25519", "cv25519"));
        house.register("alice", armor);
        house.register("mallory", armor);
        Logins.Challenge challenge = house.logins.challenge(ALICE);
        Secret response = secret(gpg.decrypt(challenge.message()));
        String id = challenge.id().text();
        assertRefused(Reason.BAD_OTP, () -> house.logins.byKey(new Username("mallory"), id, response));
        assertRefused(Reason.BAD_OTP, () -> house.logins.byKey(NOBODY, id, response));
        assertRefused(
                Reason.BAD_OTP,
                () -> house.logins.byKey(
                        ALICE, house.logins.challenge(ALICE).id().text(), response));
        String right = new String(response.chars());
        for (String wrong : List.of("", "x", right + "x", right.substring(1))) {
            assertRefused(Reason.BAD_OTP, () -> house.logins.byKey(ALICE, id, secret(wrong)));
        }
        for (String noId : List.of("", "x", Id.random().text(), "\u00e9")) {
            assertRefused(Reason.BAD_OTP, () -> house.logins.byKey(ALICE, noId, response));
        }
        house.logins.byKey(ALICE, id, response);
    }

    @Test
    void whoHasNoKeyGetsAChallengeThatNobodyReads() {
        house.register("alice");
        Logins.Challenge known = house.logins.challenge(ALICE);
        Logins.Challenge unknown = house.logins.challenge(NOBODY);
        for (Logins.Challenge challenge : List.of(known, unknown)) {
            assertTrue(challenge.message().startsWith("-----BEGIN PGP MESSAGE-----"));
            assertTrue(gpg.packets(challenge.message()).contains("keyid 0000000000000000"));
        }
        assertRefused(
                Reason.BAD_OTP, () -> house.logins.byKey(ALICE, known.id().text(), secret("AAAAAAAAAAAAAAAAAAAAAA")));
        assertRefused(
                Reason.BAD_OTP,
                () -> house.logins.byKey(NOBODY, unknown.id().text(), secret("AAAAAAAAAAAAAAAAAAAAAA")));
    }

    @Test
    void challengesAreKeptNowhereUntilAnswered() {
        house.register("alice", gpg.export(gpg.key("alice", "ed25519", "cv25519")));
        Logins.Challenge challenge = house.logins.challenge(ALICE);
        assertEquals(0, house.rows("spent_challenges"));
        Secret response = secret(gpg.decrypt(challenge.message()));
        house.logins.byKey(ALICE, challenge.id().text(), response);
        assertEquals(1, house.rows("spent_challenges"));
        assertFalse(house.store.filesHold(new String(response.chars())));
        house.time.advance(Logins.CHALLENGE_LIFE);
        house.sweep();
        assertEquals(0, house.rows("spent_challenges"));
    }
}
