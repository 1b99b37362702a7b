// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.handshaker.core.Reason;
import org.handshaker.core.Setting;
import org.handshaker.core.Username;
import org.handshaker.support.Together;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AccountsTest {
    private static final Username ALICE = new Username("alice");
    private static final String NEW_PASSWORD = "staple correct battery";

    @TempDir
    private Path path;

    private Household house;

    @BeforeEach
    void open() {
        house = new Household(path);
    }

    @AfterEach
    void close() {
        house.close();
    }

    @Test
    void registeringSignsInAndGivesTenCodes() {
        Grant alice = house.register("alice");
        assertEquals(alice.caller(), house.sessions.authenticate(alice.accessToken()));
        assertEquals(10, house.codes("alice").stream().distinct().count());
        assertFalse(house.directory.find(ALICE).orElseThrow().discoverable());
    }

    @Test
    void aNameHasOneOwnerEvenInParallel() throws Exception {
        Callable<?> attempt = () -> house.register("alice");
        List<Object> results = Together.run(attempt, attempt, attempt);
        assertEquals(2, Collections.frequency(results, Reason.USERNAME_TAKEN));
        assertEquals(1, house.rows("passwords"));
        assertRefused(Reason.USERNAME_TAKEN, () -> house.register("alice"));
    }

    @Test
    void aShortPasswordIsRefused() {
        assertRefused(Reason.BAD_PASSWORD, () -> register(house, "eleven char"));
        assertRefused(Reason.BAD_PASSWORD, () -> register(house, "x".repeat(129)));
        register(house, "twelve chars");
    }

    @Test
    void theFloorIsASetting() {
        house.close();
        house = new Household(path.resolve("lower"), Map.of(Setting.PASSWORD_MIN, "8"));
        assertRefused(Reason.BAD_PASSWORD, () -> register(house, "seven c"));
        register(house, "eight ch");
    }

    private static void register(Household house, String password) {
        house.accounts.register(
                ALICE, password.toCharArray(), null, org.handshaker.directory.Listing.EXACT_NAME, null, null);
    }

    @Test
    void theOperatorMayCloseTheDoor() {
        house.accounts.requireOpen(null);
        house.close();
        house = new Household(path.resolve("closed"), Map.of(Setting.REGISTRATION, "closed"));
        assertRefused(Reason.REGISTRATION_CLOSED, () -> house.accounts.requireOpen(null));
        house.close();
        house = new Household(path.resolve("invite"), Map.of(Setting.REGISTRATION, "invite"));
        assertRefused(Reason.INVITE_REQUIRED, () -> house.accounts.requireOpen(null));
    }

    @Test
    void aNewPasswordEndsEveryOtherSession() {
        Grant phone = house.register("alice");
        Grant laptop = house.login("alice");
        assertRefused(Reason.BAD_CREDENTIALS, () -> changePassword(phone, "wrong horse battery", NEW_PASSWORD));
        assertRefused(Reason.BAD_PASSWORD, () -> changePassword(phone, Household.PASSWORD, "short"));
        house.sessions.authenticate(laptop.accessToken());
        changePassword(phone, Household.PASSWORD, NEW_PASSWORD);
        house.sessions.authenticate(phone.accessToken());
        assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.authenticate(laptop.accessToken()));
        assertRefused(Reason.SESSION_REVOKED, () -> house.sessions.refresh(laptop.refreshToken(), null));
        assertEquals(List.of(laptop.caller()), house.ended);
        assertRefused(Reason.BAD_CREDENTIALS, () -> house.login("alice"));
        house.login("alice", NEW_PASSWORD);
    }

    private void changePassword(Grant grant, String current, String next) {
        house.accounts.changePassword(grant.caller(), current.toCharArray(), next.toCharArray());
    }

    @Test
    void ofTwoChangesAtOnceOneWins() throws Exception {
        Grant alice = house.register("alice");
        Callable<?> attempt = () -> {
            changePassword(alice, Household.PASSWORD, NEW_PASSWORD);
            return "done";
        };
        List<Object> results = Together.run(attempt, attempt);
        assertEquals(1, Collections.frequency(results, "done"));
        assertEquals(1, Collections.frequency(results, Reason.BAD_CREDENTIALS));
    }

    @Test
    void freshCodesKillTheOldOnes() {
        house.register("alice");
        RecoveryCode old = house.codes("alice").get(0);
        assertRefused(
                Reason.BAD_CREDENTIALS,
                () -> house.accounts.renewCodes(house.id("alice"), "wrong horse battery".toCharArray()));
        List<RecoveryCode> fresh = house.accounts.renewCodes(house.id("alice"), Household.PASSWORD.toCharArray());
        assertEquals(10, fresh.size());
        assertNotEquals(old, fresh.get(0));
        assertRefused(Reason.BAD_OTP, () -> house.accounts.resetByCode(ALICE, old, NEW_PASSWORD.toCharArray()));
        house.accounts.resetByCode(ALICE, fresh.get(9), NEW_PASSWORD.toCharArray());
    }

    @Test
    void deletingAnAccountLeavesNothingOfIt() {
        Grant alice = house.register("alice");
        house.resets.ask(ALICE, null);
        house.sessions.refresh(alice.refreshToken(), "a try");
        assertRefused(
                Reason.BAD_CREDENTIALS,
                () -> house.accounts.delete(alice.caller().user(), "wrong horse battery".toCharArray()));
        house.accounts.delete(alice.caller().user(), Household.PASSWORD.toCharArray());
        for (String table :
                List.of("users", "passwords", "recovery_codes", "sessions", "refreshed", "resets", "key_changes")) {
            assertEquals(0, house.rows(table), table);
        }
        assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.authenticate(alice.accessToken()));
        assertEquals(List.of(alice.caller()), house.ended);
        assertRefused(Reason.BAD_CREDENTIALS, () -> house.login("alice"));
        assertTrue(house.directory.find(ALICE).isEmpty());
        Grant another = house.register("alice");
        assertNotEquals(alice.caller().user(), another.caller().user());
        assertFalse(house.devices.isKnown(another.caller().user(), alice.deviceToken()));
    }
}
