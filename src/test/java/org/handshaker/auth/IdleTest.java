// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.handshaker.core.Username;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdleTest {
    private static final Duration PATIENCE = Duration.ofDays(180);

    @TempDir
    private Path path;

    private Household house;
    private Idle idle;

    @BeforeEach
    void open() {
        house = new Household(path);
        idle = new Idle(house.directory, PATIENCE, house.time::instant);
    }

    @AfterEach
    void close() {
        house.close();
    }

    private int sweep() {
        return house.store.database().write(handle -> idle.expire(handle, Instant.MAX));
    }

    private boolean isThere(String name) {
        return house.directory.find(new Username(name)).isPresent();
    }

    @Test
    void whoIsNotSeenForSoManyDaysIsForgottenWithEverythingAndWhoComesNowAndThenStays() {
        house.register("alice");
        Grant bob = house.register("bobby");
        house.time.advance(PATIENCE.minusDays(1));
        house.login("bobby");
        assertEquals(0, sweep());
        house.time.advance(Duration.ofDays(1));
        assertEquals(0, sweep(), "the day itself is not over");
        house.time.advance(Duration.ofDays(1));
        assertEquals(1, sweep());
        assertFalse(isThere("alice"));
        assertTrue(isThere("bobby"));
        assertEquals(1, house.rows("users"));
        assertEquals(1, house.rows("passwords"));
        assertEquals(1, house.rows("seen"));
        assertEquals(10, house.rows("recovery_codes"));
        assertTrue(house.sessions.isLive(bob.caller()) || house.rows("sessions") > 0);
        house.register("alice");
        assertTrue(isThere("alice"), "the name is free again");
    }

    @Test
    void aRefreshCountsAsBeingThere() {
        Grant grant = house.register("alice");
        for (int i = 0; i < 20; i++) {
            house.time.advance(Duration.ofDays(20));
            grant = house.sessions.refresh(grant.refreshToken(), null);
            assertEquals(0, sweep());
        }
        assertTrue(isThere("alice"));
    }

    @Test
    void knowsTheDayAndNoMore() {
        house.register("alice");
        List<Long> days = house.store.database().read(handle -> handle.createQuery("SELECT day FROM seen")
                .mapTo(Long.class)
                .list());
        assertEquals(List.of(house.time.instant().getEpochSecond() / 86_400), days);
    }

    @Test
    void usersOfBeforeBeginTheirTimeWithTheFirstSweep() {
        house.register("alice");
        house.store.database().write(handle -> handle.execute("DELETE FROM seen"));
        house.time.advance(Duration.ofDays(1_000));
        assertEquals(0, sweep());
        house.time.advance(PATIENCE.plusDays(1));
        assertEquals(1, sweep());
    }
}
