// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.handshaker.auth.KeyChanges.Password.GIVEN;
import static org.handshaker.auth.KeyChanges.Password.NOT_GIVEN;
import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.support.Gpg;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class KeyChangesTest {
    private static final Username ALICE = new Username("alice");

    @TempDir
    private Path path;

    private Household house;
    private Gpg gpg;
    private String old;
    private String next;

    @BeforeEach
    void open() {
        house = new Household(path);
        gpg = Gpg.beforeTestTime();
        old = gpg.key("old", "ed25519", "cv25519");
        next = gpg.key("next", "ed25519", "cv25519");
    }

    @AfterEach
    void close() {
        gpg.close();
        house.close();
    }

    private @Nullable String onFile() {
        return house.directory.find(ALICE).orElseThrow().fingerprint();
    }

    private String signedBy(String signer) {
        return gpg.sign(signer, gpg.export(next).getBytes(StandardCharsets.UTF_8));
    }

    /** Whether the key is asked to prove the owner, as gpg sees it: it can read a challenge. */
    private boolean isAsked(String fingerprint) {
        String message = house.logins.challenge(ALICE).message();
        try (Gpg only = Gpg.beforeTestTime()) {
            only.importSecret(gpg.exportSecret(fingerprint));
            only.decrypt(message);
            return true;
        } catch (IllegalStateException cannotRead) {
            return false;
        }
    }

    @Test
    void aKeyThatTheOldOneSignedCountsAtOnce() {
        house.register("alice", gpg.export(old));
        KeyChanges.Accepted accepted = house.changeKey("alice", gpg.export(next), signedBy(old), NOT_GIVEN);
        assertEquals(house.time.instant(), accepted.effectiveAt());
        assertEquals(next, accepted.fingerprint());
        assertEquals(next, onFile());
        assertTrue(isAsked(next));
        assertTrue(house.told("alice").contains("key.changed"));
    }

    @Test
    void noKeyIsReplacedSilently() {
        house.register("alice", gpg.export(old));
        for (KeyChanges.Password password : KeyChanges.Password.values()) {
            KeyChanges.Accepted accepted = house.changeKey("alice", gpg.export(next), null, password);
            assertEquals(house.time.instant().plus(Duration.ofDays(3)), accepted.effectiveAt());
            assertEquals(old, onFile());
            assertFalse(isAsked(next));
            assertTrue(isAsked(old));
            assertTrue(house.told("alice").contains("key.pending"));
            house.keys.withdraw(house.id("alice"));
        }
    }

    @Test
    void aSignatureByAnotherKeyIsAsGoodAsNone() {
        house.register("alice", gpg.export(old));
        house.changeKey("alice", gpg.export(next), signedBy(next), NOT_GIVEN);
        assertEquals(old, onFile());
        house.keys.withdraw(house.id("alice"));
        house.changeKey("alice", gpg.export(next), "nonsense", NOT_GIVEN);
        assertEquals(old, onFile());
    }

    @Test
    void aPendingKeyCountsAfterThreeDaysAndIsAnnouncedAgain() {
        house.register("alice", gpg.export(old));
        house.changeKey("alice", gpg.export(next), null, NOT_GIVEN);
        house.time.advance(KeyChanges.WAIT.minusSeconds(1));
        house.sweep();
        assertEquals(old, onFile());
        assertFalse(isAsked(next));
        house.time.advance(Duration.ofSeconds(1));
        assertTrue(isAsked(next), "its time has come, swept or not");
        house.sweep();
        assertEquals(next, onFile());
        assertEquals(0, house.rows("key_changes"));
        assertEquals("key.changed", house.told("alice").get(house.told("alice").size() - 1));
    }

    @Test
    void aPendingKeyCanBeWithdrawn() {
        house.register("alice", gpg.export(old));
        house.changeKey("alice", gpg.export(next), null, NOT_GIVEN);
        assertRefused(Reason.KEY_ALREADY_PENDING, () -> house.changeKey("alice", gpg.export(next), null, NOT_GIVEN));
        house.keys.withdraw(house.id("alice"));
        house.keys.withdraw(house.id("alice"));
        house.time.advance(KeyChanges.WAIT);
        house.sweep();
        assertEquals(old, onFile());
        assertTrue(house.told("alice").contains("key.withdrawn"));
    }

    @Test
    void theOwnersSignatureOverridesAPendingKey() {
        house.register("alice", gpg.export(old));
        String thief = gpg.export(gpg.key("thief", "ed25519", "cv25519"));
        house.changeKey("alice", thief, null, NOT_GIVEN);
        house.changeKey("alice", gpg.export(next), signedBy(old), NOT_GIVEN);
        assertEquals(next, onFile());
        house.time.advance(KeyChanges.WAIT);
        house.sweep();
        assertEquals(next, onFile());
    }

    @Test
    void aFirstKeyWithThePasswordCountsAtOnce() {
        house.register("alice");
        KeyChanges.Accepted accepted = house.changeKey("alice", gpg.export(old), null, GIVEN);
        assertEquals(house.time.instant(), accepted.effectiveAt());
        assertEquals(old, onFile());
        assertTrue(isAsked(old));
    }

    @Test
    void aFirstKeyWithoutThePasswordIsServedAtOnceAndTrustedLater() {
        house.register("alice");
        KeyChanges.Accepted accepted = house.changeKey("alice", gpg.export(old), null, NOT_GIVEN);
        assertEquals(house.time.instant().plus(KeyChanges.WAIT), accepted.effectiveAt());
        assertEquals(old, onFile());
        assertFalse(isAsked(old));
        house.time.advance(KeyChanges.WAIT);
        assertTrue(isAsked(old));
        house.sweep();
        assertTrue(isAsked(old));
        assertEquals("key.changed", house.told("alice").get(house.told("alice").size() - 1));
    }

    @Test
    void aFirstKeyThatIsNotTrustedYetVouchesForNoTrust() {
        house.register("alice");
        house.changeKey("alice", gpg.export(old), null, NOT_GIVEN);
        house.time.advance(Duration.ofHours(71));
        assertRefused(Reason.KEY_ALREADY_PENDING, () -> house.changeKey("alice", gpg.export(next), null, NOT_GIVEN));
        house.changeKey("alice", gpg.export(next), signedBy(old), NOT_GIVEN);
        assertEquals(next, onFile());
        house.time.advance(Duration.ofHours(2));
        assertFalse(isAsked(next), "the wait begins anew");
        house.changeKey("alice", gpg.export(old), null, GIVEN);
        assertTrue(isAsked(old));
        assertEquals(0, house.rows("key_changes"));
    }

    @Test
    void withdrawingAFirstKeyTakesItOutOfTheDirectory() {
        house.register("alice");
        house.changeKey("alice", gpg.export(old), null, NOT_GIVEN);
        house.keys.withdraw(house.id("alice"));
        assertNull(onFile());
        assertEquals(0, house.rows("key_changes"));
    }

    @Test
    void theStoreHoldsNoKeyInTheClear() {
        house.register("alice", gpg.export(old));
        house.changeKey("alice", gpg.export(next), null, NOT_GIVEN);
        assertFalse(house.store.filesHold(old));
        assertFalse(house.store.filesHold(next));
        assertFalse(house.store.filesHold("PGP PUBLIC KEY"));
    }
}
