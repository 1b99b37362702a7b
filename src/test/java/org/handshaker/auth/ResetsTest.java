// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Secret;
import org.handshaker.core.Username;
import org.handshaker.support.Gpg;
import org.handshaker.support.Together;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ResetsTest {
    private static final Username ALICE = new Username("alice");
    private static final Username NOBODY = new Username("nobody");
    private static final String NEW_PASSWORD = "staple correct battery";
    /** As many as the contract speaks of. */
    private static final int LIVE = 5;

    private static final String WRONG = "AAAAAAAAAAAAAAAAAAAAAA";

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

    private Grant registerWithKey() {
        return house.register("alice", gpg.export(gpg.key("alice", "ed25519", "cv25519")));
    }

    private Resets.Challenge ask(Username name, @Nullable Secret deviceToken) {
        return house.resets.ask(name, deviceToken);
    }

    private static Secret secret(String text) {
        return Secret.of(text.toCharArray());
    }

    private static String text(Secret secret) {
        return new String(secret.chars());
    }

    private void reset(Resets.Challenge challenge, String otp) {
        house.accounts.resetByOtp(ALICE, challenge.id().text(), secret(otp), NEW_PASSWORD.toCharArray());
    }

    @Test
    void whoReadsTheCodeSetsANewPassword() {
        Grant before = registerWithKey();
        Resets.Challenge challenge = ask(ALICE, null);
        String otp = gpg.decrypt(challenge.message());
        assertTrue(otp.matches("[A-Za-z0-9_-]{16,}"), "the code alone");
        reset(challenge, otp);
        assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.authenticate(before.accessToken()));
        assertRefused(Reason.BAD_CREDENTIALS, () -> house.login("alice"));
        house.login("alice", NEW_PASSWORD);
        assertRefused(Reason.BAD_OTP, () -> reset(challenge, otp));
    }

    @Test
    void codesCannotBeGuessedFromEachOther() {
        registerWithKey();
        Set<String> codes = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            codes.add(gpg.decrypt(ask(ALICE, null).message()));
        }
        assertEquals(3, codes.size());
        codes.forEach(code -> assertEquals(22, code.length(), "128 bits"));
    }

    @Test
    void theSixthTryIsInVain() {
        registerWithKey();
        Resets.Challenge challenge = ask(ALICE, null);
        String otp = gpg.decrypt(challenge.message());
        for (int i = 0; i < Resets.TRIES_MAX; i++) {
            assertRefused(Reason.BAD_OTP, () -> reset(challenge, WRONG));
        }
        assertRefused(Reason.BAD_OTP, () -> reset(challenge, otp));
        house.login("alice");
    }

    @Test
    void fourWrongTriesLeaveOneRight() {
        registerWithKey();
        Resets.Challenge challenge = ask(ALICE, null);
        for (int i = 0; i < Resets.TRIES_MAX - 1; i++) {
            assertRefused(Reason.BAD_OTP, () -> reset(challenge, WRONG));
        }
        reset(challenge, gpg.decrypt(challenge.message()));
    }

    @Test
    void fiveTriesAtOnceDoNotBecomeSix() throws Exception {
        registerWithKey();
        Resets.Challenge challenge = ask(ALICE, null);
        List<Callable<?>> tries = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            tries.add(() -> house.resets.check(ALICE, challenge.id().text(), secret(WRONG)));
        }
        List<Object> results = Together.run(tries.toArray(Callable<?>[]::new));
        assertEquals(16, Collections.frequency(results, Reason.BAD_OTP));
        int counted = house.store.database().read(handle -> handle.createQuery("SELECT tries FROM resets")
                .mapTo(Integer.class)
                .one());
        assertEquals(Resets.TRIES_MAX, counted);
        assertRefused(Reason.BAD_OTP, () -> reset(challenge, gpg.decrypt(challenge.message())));
    }

    @Test
    void aCodeWorksOnceEvenInParallel() throws Exception {
        registerWithKey();
        Resets.Challenge challenge = ask(ALICE, null);
        String otp = gpg.decrypt(challenge.message());
        Callable<?> attempt = () -> {
            reset(challenge, otp);
            return "done";
        };
        List<Object> results = Together.run(attempt, attempt, attempt, attempt);
        assertEquals(1, Collections.frequency(results, "done"));
        assertEquals(3, Collections.frequency(results, Reason.BAD_OTP));
    }

    @Test
    void aCodeExpires() {
        registerWithKey();
        Resets.Challenge challenge = ask(ALICE, null);
        String otp = gpg.decrypt(challenge.message());
        house.time.advance(Resets.LIFE);
        assertRefused(Reason.BAD_OTP, () -> reset(challenge, otp));
        house.sweep();
        assertEquals(0, house.rows("resets"));
    }

    @Test
    void aNewerRequestKillsNoOlderOneAndOneSuccessKillsAll() {
        registerWithKey();
        List<Resets.Challenge> asked = new ArrayList<>();
        for (int i = 0; i < LIVE; i++) {
            asked.add(ask(ALICE, null));
        }
        Set<Id> ids = new HashSet<>();
        asked.forEach(challenge -> ids.add(challenge.id()));
        assertEquals(LIVE, ids.size());
        for (int i = 0; i < Resets.TRIES_MAX; i++) {
            assertRefused(Reason.BAD_OTP, () -> reset(asked.get(4), WRONG));
        }
        reset(asked.get(0), gpg.decrypt(asked.get(0).message()));
        for (Resets.Challenge other : asked) {
            assertRefused(Reason.BAD_OTP, () -> reset(other, gpg.decrypt(other.message())));
        }
    }

    @Test
    void strangersWhoAskAndGuessNeitherSpendTheOwnersTriesNorTakeTheirPlace() {
        registerWithKey();
        Resets.Challenge before = ask(ALICE, null);
        Set<Id> strangers = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            Resets.Challenge stranger = ask(ALICE, null);
            strangers.add(stranger.id());
            for (int guess = 0; guess <= Resets.TRIES_MAX; guess++) {
                assertRefused(Reason.BAD_OTP, () -> reset(stranger, WRONG));
            }
        }
        assertEquals(50, strangers.size(), "nobody is shown another's");
        Resets.Challenge after = ask(ALICE, null);
        assertFalse(strangers.contains(after.id()));
        for (Resets.Challenge owners : List.of(before, after)) {
            assertEquals(
                    house.id("alice"),
                    house.resets.check(ALICE, owners.id().text(), secret(gpg.decrypt(owners.message()))),
                    "the owner's own");
        }
        reset(after, gpg.decrypt(after.message()));
        assertEquals(0, house.rows("resets"));
    }

    @Test
    void aCodeIsForOneReset() {
        registerWithKey();
        Resets.Challenge one = ask(ALICE, null);
        Resets.Challenge other = ask(ALICE, null);
        assertRefused(Reason.BAD_OTP, () -> reset(one, gpg.decrypt(other.message())));
    }

    @Test
    void pastTheirBoundStrangersGetAMessageWhoseCodeIsNotTakenAndGuessingMakesNoRoom() {
        Grant alice = registerWithKey();
        Resets.Challenge owners = ask(ALICE, null);
        fill(ALICE, Limits.RESETS_PER_NAME_MAX - 1);
        fill(NOBODY, Limits.RESETS_PER_NAME_MAX);
        for (Username name : List.of(ALICE, NOBODY)) {
            Resets.Challenge late = ask(name, null);
            assertEquals(Resets.LIFE, late.life());
            assertTrue(late.message().startsWith("-----BEGIN PGP MESSAGE-----"));
            assertRefused(
                    Reason.BAD_OTP,
                    () -> house.accounts.resetByOtp(name, late.id().text(), secret(WRONG), NEW_PASSWORD.toCharArray()));
        }
        Resets.Challenge late = ask(ALICE, null);
        assertRefused(Reason.BAD_OTP, () -> reset(late, gpg.decrypt(late.message())));
        assertEquals(2 * Limits.RESETS_PER_NAME_MAX, house.rows("resets"));
        assertTrue(spent() > 0, "most of those that fill it have no tries left");
        Resets.Challenge known = ask(ALICE, alice.deviceToken());
        assertEquals(
                house.id("alice"),
                house.resets.check(ALICE, known.id().text(), secret(gpg.decrypt(known.message()))),
                "known devices have room of their own");
        reset(owners, gpg.decrypt(owners.message()));
        house.time.advance(Resets.LIFE);
        house.sweep();
        assertEquals(0, house.rows("resets"));
    }

    @Test
    void onFileIsWhichResetAKnownDeviceAskedFor() {
        Grant alice = registerWithKey();
        Resets.Challenge known = ask(ALICE, alice.deviceToken());
        Resets.Challenge stranger = ask(ALICE, secret("garbage"));
        assertEquals(
                Optional.of(house.id("alice")),
                house.resets.device(ALICE, known.id().text()));
        for (String other : List.of(stranger.id().text(), Id.random().text(), "", "x")) {
            assertEquals(Optional.empty(), house.resets.device(ALICE, other));
        }
        assertEquals(Optional.empty(), house.resets.device(NOBODY, known.id().text()));
        house.time.advance(Resets.LIFE);
        assertEquals(Optional.empty(), house.resets.device(ALICE, known.id().text()));
    }

    /** Straight into the store: as many messages would take a while to encrypt. */
    private void fill(Username name, int resets) {
        Id one = ask(name, null).id();
        house.store.database().write(handle -> handle.createUpdate(
                        """
                        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
                        INSERT INTO resets (id, account, asked_by, tries, expires_at)
                        SELECT randomblob(16), account, asked_by, :spent, expires_at FROM n, resets WHERE id = :one
                        """)
                .bind("count", resets - 1)
                .bind("spent", Resets.TRIES_MAX)
                .bind("one", one.bytes())
                .execute());
    }

    private int spent() {
        return house.store.database().read(handle -> handle.createQuery(
                        "SELECT count(*) FROM resets WHERE tries = " + Resets.TRIES_MAX)
                .mapTo(Integer.class)
                .one());
    }

    @Test
    void anUnknownNameAndOneWithoutAKeyGetTheSameAsAnyone() {
        house.register("alice");
        house.register("bob", gpg.export(gpg.key("bob", "ed25519", "cv25519")));
        List<Username> names = List.of(ALICE, NOBODY, new Username("bob"));
        for (Username name : names) {
            Set<Id> ids = new HashSet<>();
            for (int i = 0; i < 8; i++) {
                Resets.Challenge challenge = ask(name, null);
                ids.add(challenge.id());
                assertEquals(Resets.LIFE, challenge.life());
                assertTrue(challenge.message().startsWith("-----BEGIN PGP MESSAGE-----"));
                assertTrue(gpg.packets(challenge.message()).contains("keyid 0000000000000000"));
            }
            assertEquals(8, ids.size());
        }
        assertEquals(3 * 8, house.rows("resets"));
    }

    @Test
    void aWrongCodeLooksAndCostsTheSameForEveryone() {
        registerWithKey();
        house.hashes.set(0);
        Resets.Challenge known = ask(ALICE, null);
        Resets.Challenge unknown = ask(NOBODY, null);
        assertRefused(Reason.BAD_OTP, () -> reset(known, WRONG));
        assertRefused(
                Reason.BAD_OTP,
                () -> house.accounts.resetByOtp(
                        NOBODY, unknown.id().text(), secret(WRONG), NEW_PASSWORD.toCharArray()));
        for (String noId : List.of("", "x", Id.random().text(), unknown.id().text())) {
            assertRefused(
                    Reason.BAD_OTP,
                    () -> house.accounts.resetByOtp(ALICE, noId, secret(WRONG), NEW_PASSWORD.toCharArray()));
        }
        RecoveryCode wrong = RecoveryCode.fresh().get(0);
        assertRefused(Reason.BAD_OTP, () -> house.accounts.resetByCode(ALICE, wrong, NEW_PASSWORD.toCharArray()));
        assertRefused(Reason.BAD_OTP, () -> house.accounts.resetByCode(NOBODY, wrong, NEW_PASSWORD.toCharArray()));
        assertEquals(0, house.hashes.get(), "guessing buys no work");
    }

    @Test
    void aCodeIsForOneAccount() {
        String armor = gpg.export(gpg.key("both", "ed25519", "cv25519"));
        house.register("alice", armor);
        house.register("mallory", armor);
        Resets.Challenge mallory = ask(new Username("mallory"), null);
        String otp = gpg.decrypt(mallory.message());
        assertRefused(Reason.BAD_OTP, () -> reset(mallory, otp));
        house.login("alice");
    }

    @Test
    void aRecoveryCodeWorksOnceEvenInParallel() throws Exception {
        Grant alice = house.register("alice");
        RecoveryCode code = house.codes("alice").get(3);
        Callable<?> attempt = () -> {
            house.accounts.resetByCode(ALICE, code, NEW_PASSWORD.toCharArray());
            return "done";
        };
        List<Object> results = Together.run(attempt, attempt, attempt);
        assertEquals(1, Collections.frequency(results, "done"));
        assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.authenticate(alice.accessToken()));
        house.login("alice", NEW_PASSWORD);
        house.accounts.resetByCode(ALICE, house.codes("alice").get(0), Household.PASSWORD.toCharArray());
    }

    @Test
    void aRecoveryCodeIsReadAsAPersonTypesIt() {
        RecoveryCode code = RecoveryCode.fresh().get(0);
        assertTrue(
                new String(code.text()).matches("([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}"),
                "four groups of four");
        assertEquals(code, RecoveryCode.parse(code.text()));
        assertEquals(code, RecoveryCode.parse((" " + text(code.bare()).toUpperCase(Locale.ROOT) + "\t").toCharArray()));
        assertEquals(RecoveryCode.parse("0011".toCharArray()), RecoveryCode.parse("OoIl".toCharArray()));
        assertNotEquals(code, RecoveryCode.fresh().get(0));
    }

    @Test
    void theStoreHoldsNoCodeAndNoName() {
        registerWithKey();
        Resets.Challenge challenge = ask(ALICE, null);
        assertFalse(house.store.filesHold(gpg.decrypt(challenge.message())));
        for (RecoveryCode code : house.codes("alice")) {
            assertFalse(house.store.filesHold(new String(code.text())));
            assertFalse(house.store.filesHold(text(code.bare())));
        }
        assertFalse(house.store.filesHold("alice"));
        assertFalse(house.store.filesHold("argon2id"));
    }

    @Test
    void aNewPasswordOrKeyCallsOffWhatWasUnderWay() {
        Grant alice = registerWithKey();
        Resets.Challenge first = ask(ALICE, null);
        house.accounts.changePassword(
                alice.caller(), Household.PASSWORD.toCharArray(), "another horse battery".toCharArray());
        assertRefused(Reason.BAD_OTP, () -> reset(first, gpg.decrypt(first.message())));
        Resets.Challenge second = ask(ALICE, null);
        String fingerprint = house.directory.find(ALICE).orElseThrow().fingerprint();
        String next = gpg.export(gpg.key("next", "ed25519", "cv25519"));
        String signature = gpg.sign(String.valueOf(fingerprint), next.getBytes(StandardCharsets.UTF_8));
        house.changeKey("alice", next, signature, KeyChanges.Password.NOT_GIVEN);
        assertRefused(Reason.BAD_OTP, () -> reset(second, gpg.decrypt(second.message())));
    }
}
