// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Secret;
import org.handshaker.support.Together;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SessionsTest {
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
    void anAccessTokenSpeaksForItsSession() {
        Grant alice = house.register("alice");
        assertEquals(alice.caller(), house.sessions.authenticate(alice.accessToken()));
        assertEquals(house.id("alice"), alice.caller().user());
        assertTrue(house.sessions.isLive(alice.caller()));
    }

    @Test
    void aRefreshTokenIsExchangedForTheNext() {
        Grant first = house.register("alice");
        house.time.advance(Duration.ofHours(5));
        assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.authenticate(first.accessToken()));
        Grant second = house.sessions.refresh(first.refreshToken(), null);
        assertNotEquals(first.refreshToken(), second.refreshToken());
        assertEquals(first.caller(), house.sessions.authenticate(second.accessToken()));
        assertEquals(first.deviceToken(), second.deviceToken());
        house.sessions.refresh(second.refreshToken(), "a try");
    }

    @Test
    void aTokenThatComesBackEndsTheSession() {
        Grant first = house.register("alice");
        Grant second = house.sessions.refresh(first.refreshToken(), null);
        Grant third = house.sessions.refresh(second.refreshToken(), null);
        assertRefused(Reason.SESSION_REVOKED, () -> house.sessions.refresh(first.refreshToken(), null));
        assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.authenticate(third.accessToken()));
        assertRefused(Reason.SESSION_REVOKED, () -> house.sessions.refresh(third.refreshToken(), null));
        assertEquals(List.of(first.caller()), house.ended);
    }

    @Test
    void theSameTryGetsTheSameAnswerForAMinute() {
        Grant first = house.register("alice");
        Grant second = house.sessions.refresh(first.refreshToken(), "a try");
        house.time.advance(Duration.ofSeconds(59));
        assertEquals(second, house.sessions.refresh(first.refreshToken(), "a try"));
        assertEquals(second, house.sessions.refresh(first.refreshToken(), "a try"));
        house.sessions.refresh(second.refreshToken(), "another try");
    }

    @Test
    void afterAMinuteTheSameTryIsASecondUse() {
        Grant first = house.register("alice");
        house.sessions.refresh(first.refreshToken(), "a try");
        house.time.advance(Duration.ofSeconds(60));
        assertRefused(Reason.SESSION_REVOKED, () -> house.sessions.refresh(first.refreshToken(), "a try"));
        assertEquals(1, house.ended.size());
    }

    @Test
    void anotherTryIsASecondUse() {
        Grant first = house.register("alice");
        house.sessions.refresh(first.refreshToken(), "a try");
        assertRefused(Reason.SESSION_REVOKED, () -> house.sessions.refresh(first.refreshToken(), "another try"));
        Grant other = house.login("alice");
        house.sessions.refresh(other.refreshToken(), "a try");
        assertRefused(Reason.SESSION_REVOKED, () -> house.sessions.refresh(other.refreshToken(), null));
    }

    @Test
    void ofTwoUsesAtOnceOneWinsAndTheSessionIsOver() throws Exception {
        for (int round = 0; round < 20; round++) {
            Grant grant = round == 0 ? house.register("alice") : house.login("alice");
            List<Object> results = Together.run(
                    () -> house.sessions.refresh(grant.refreshToken(), null),
                    () -> house.sessions.refresh(grant.refreshToken(), null));
            assertEquals(1, Collections.frequency(results, Reason.SESSION_REVOKED));
            assertFalse(house.sessions.isLive(grant.caller()));
        }
    }

    @Test
    void theSameTryTwiceAtOnceGetsOneAnswer() throws Exception {
        Grant grant = house.register("alice");
        List<Object> results = Together.run(
                () -> house.sessions.refresh(grant.refreshToken(), "a try"),
                () -> house.sessions.refresh(grant.refreshToken(), "a try"),
                () -> house.sessions.refresh(grant.refreshToken(), "a try"));
        assertEquals(1, Set.copyOf(results).size());
        assertTrue(house.sessions.isLive(grant.caller()));
    }

    @Test
    void aForgedTokenEndsNobodysSession() {
        Grant alice = house.register("alice");
        byte[] token = alice.refreshToken().decoded().orElseThrow();
        for (int i = 0; i < token.length; i++) {
            byte[] forged = token.clone();
            forged[i] ^= 1;
            assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.refresh(Secret.base64Url(forged), null));
        }
        for (String garbage : List.of("", "x", "!", alice.accessToken(), "A".repeat(10_000))) {
            assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.refresh(secret(garbage), null));
        }
        assertTrue(house.sessions.isLive(alice.caller()));
    }

    @Test
    void loggingOutCutsOffAtOnce() {
        Grant phone = house.register("alice");
        Grant laptop = house.login("alice");
        house.sessions.authenticate(phone.accessToken());
        house.sessions.end(phone.caller());
        assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.authenticate(phone.accessToken()));
        assertRefused(Reason.SESSION_REVOKED, () -> house.sessions.refresh(phone.refreshToken(), null));
        assertEquals(List.of(phone.caller()), house.ended);
        house.sessions.authenticate(laptop.accessToken());
    }

    @Test
    void loggingOutEverywhereCutsOffEveryDevice() {
        Grant phone = house.register("alice");
        Grant laptop = house.login("alice");
        Grant bob = house.register("bob");
        house.sessions.endAll(phone.caller().user());
        assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.authenticate(phone.accessToken()));
        assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.authenticate(laptop.accessToken()));
        assertEquals(2, house.ended.size());
        house.sessions.authenticate(bob.accessToken());
    }

    @Test
    void aSessionIsListedAndEndedByItsOwnerOnly() {
        Grant phone = house.register("alice");
        Grant laptop = house.login("alice");
        Grant bob = house.register("bob");
        List<Session> list = house.sessions.list(phone.caller());
        assertEquals(
                Set.of(phone.caller().session(), laptop.caller().session()),
                list.stream().map(Session::id).collect(Collectors.toSet()));
        for (Session session : list) {
            assertEquals(session.id().equals(phone.caller().session()), session.current());
            assertEquals("2026-01-15", session.createdOn().toString());
        }
        assertRefused(
                Reason.NOT_FOUND,
                () -> house.sessions.end(bob.caller().user(), laptop.caller().session()));
        assertRefused(Reason.NOT_FOUND, () -> house.sessions.end(bob.caller().user(), Id.random()));
        house.sessions.authenticate(laptop.accessToken());
        house.sessions.end(phone.caller().user(), laptop.caller().session());
        assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.authenticate(laptop.accessToken()));
    }

    @Test
    void aSessionThatSleepsThirtyDaysIsOver() {
        Grant alice = house.register("alice");
        house.time.advance(Duration.ofDays(29));
        Grant awake = house.sessions.refresh(alice.refreshToken(), null);
        house.time.advance(Duration.ofDays(29));
        Grant stillAwake = house.sessions.refresh(awake.refreshToken(), null);
        house.time.advance(Duration.ofDays(30));
        assertRefused(Reason.SESSION_REVOKED, () -> house.sessions.refresh(stillAwake.refreshToken(), null));
        house.time.advance(Duration.ofDays(1));
        house.sweep();
        assertEquals(0, house.rows("sessions"));
        assertEquals(List.of(alice.caller()), house.ended);
    }

    @Test
    void theHundredAndFirstDeviceEndsTheOneThatSleptLongest() {
        Grant first = house.register("alice");
        house.time.advance(Duration.ofDays(1));
        for (int i = 0; i < Sessions.SESSIONS_PER_USER_MAX - 1; i++) {
            house.login("alice");
        }
        assertTrue(house.sessions.isLive(first.caller()));
        house.login("alice");
        assertFalse(house.sessions.isLive(first.caller()));
        assertEquals(List.of(first.caller()), house.ended);
    }

    private static Secret secret(String text) {
        return Secret.of(text.toCharArray());
    }

    private static String text(Secret secret) {
        return new String(secret.chars());
    }

    @Test
    void theStoreHoldsHashesOnly() {
        Grant alice = house.register("alice");
        Grant next = house.sessions.refresh(alice.refreshToken(), "a memorable try");
        for (String secret : List.of(
                text(alice.refreshToken()),
                text(next.refreshToken()),
                next.accessToken(),
                text(next.deviceToken()),
                "a memorable try")) {
            assertFalse(house.store.filesHold(secret));
        }
        assertFalse(house.store.filesHold(next.refreshToken().decoded().orElseThrow()));
        house.time.advance(Sessions.RETRY_WINDOW.plusSeconds(1));
        house.sweep();
        assertEquals(0, house.rows("refreshed"));
    }

    @Test
    void aDeviceTokenProvesItsAccountAndNothingElse() {
        Grant alice = house.register("alice");
        Grant bob = house.register("bob");
        assertTrue(house.devices.isKnown(house.id("alice"), alice.deviceToken()));
        assertFalse(house.devices.isKnown(house.id("alice"), bob.deviceToken()));
        for (String garbage :
                List.of("", "x", "!!", "A".repeat(43), text(alice.deviceToken()) + "A", "A".repeat(9_999))) {
            assertFalse(house.devices.isKnown(house.id("alice"), secret(garbage)));
        }
        assertFalse(house.devices.isKnown(house.id("alice"), null));
        assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.authenticate(text(alice.deviceToken())));
        assertRefused(Reason.NOT_SIGNED_IN, () -> house.sessions.refresh(alice.deviceToken(), null));
    }

    @Test
    void aSessionJustBegunIsNeverTheOneThatMustGo() {
        Grant first = house.register("alice");
        for (int i = 0; i < 2 * Sessions.SESSIONS_PER_USER_MAX; i++) {
            Grant next = house.store
                    .database()
                    .write(handle -> house.sessions.open(handle, first.caller().user()));
            assertTrue(house.sessions.isLive(next.caller()));
        }
    }
}
