// SPDX-License-Identifier: MIT
package org.handshaker.keylog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.handshaker.core.Id;
import org.handshaker.core.KeyLogChain;
import org.handshaker.core.KeyLogEntry;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.directory.KeyChange;
import org.handshaker.directory.KeyChange.Stage;
import org.handshaker.support.Circle;
import org.handshaker.support.Refusals;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyLogTest {
    private static final Username BOB = new Username("bob");
    private static final String PGP = "F00D".repeat(10);
    private static final String IDENTITY = "BEEF".repeat(16);

    @TempDir
    Path directory;

    private Circle circle;
    private KeyLog log;
    private Id alice;
    private Id bob;
    private Id mallory;

    @BeforeEach
    void open() {
        circle = new Circle(directory);
        log = new KeyLog(
                circle.store.database(), circle.store.vault(), circle.directory, circle.connections, circle.time);
        circle.directory.whenKeyChanges(log);
        alice = circle.user("alice");
        bob = circle.user("bob");
        mallory = circle.user("mallory");
        circle.connect(alice, bob);
    }

    @AfterEach
    void close() {
        circle.close();
    }

    private void tell(KeyChange.Key key, Stage stage, String fingerprint) {
        circle.store.database().write(handle -> {
            circle.directory.tell(handle, bob, new KeyChange(key, stage, fingerprint, circle.time.instant()));
            return bob;
        });
    }

    private void sql(String statement) {
        circle.store.database().write(handle -> handle.execute(statement));
    }

    private KeyLog.Log read() {
        return log.read(alice, BOB);
    }

    private List<String> changes() {
        return read().entries().stream()
                .map(entry -> entry.key() + " " + entry.change() + " " + entry.fingerprint())
                .toList();
    }

    @Test
    void growsByEveryChangeThatCountsAndByNoOther() {
        assertEquals(KeyLogEntry.ORIGIN, read().head());
        tell(KeyChange.Key.PGP, Stage.EFFECTIVE, PGP);
        tell(KeyChange.Key.PGP, Stage.PENDING, PGP);
        tell(KeyChange.Key.IDENTITY, Stage.EFFECTIVE, IDENTITY);
        // Served since it came, and trusted now.
        tell(KeyChange.Key.PGP, Stage.EFFECTIVE, PGP);
        tell(KeyChange.Key.PGP, Stage.PENDING, "ABCD".repeat(10));
        tell(KeyChange.Key.PGP, Stage.WITHDRAWN, "ABCD".repeat(10));
        assertEquals(List.of("pgp set " + PGP, "identity set " + IDENTITY), changes());
        tell(KeyChange.Key.PGP, Stage.WITHDRAWN, PGP);
        tell(KeyChange.Key.PGP, Stage.EFFECTIVE, PGP);
        assertEquals(
                List.of("pgp set " + PGP, "identity set " + IDENTITY, "pgp removed " + PGP, "pgp set " + PGP),
                changes());
        KeyLog.Log whole = read();
        assertEquals(Optional.empty(), KeyLogChain.fault(BOB, whole.entries(), whole.head(), null));
        assertEquals("2026-01-15", whole.entries().get(0).day());
    }

    @Test
    void isForItsOwnerAndConnectionsAlone() {
        tell(KeyChange.Key.PGP, Stage.EFFECTIVE, PGP);
        assertEquals(1, log.read(bob, BOB).entries().size());
        assertEquals(1, read().entries().size());
        Refusals.assertRefused(Reason.NOT_CONNECTED, () -> log.read(mallory, BOB));
        Refusals.assertRefused(Reason.NOT_CONNECTED, () -> log.read(mallory, new Username("nobody")));
        circle.part(alice, bob);
        Refusals.assertRefused(Reason.NOT_CONNECTED, this::read);
    }

    @Test
    void whateverIsChangedBehindTheRelaysBackIsNoticed() {
        tell(KeyChange.Key.PGP, Stage.EFFECTIVE, PGP);
        tell(KeyChange.Key.IDENTITY, Stage.EFFECTIVE, IDENTITY);
        tell(KeyChange.Key.PGP, Stage.EFFECTIVE, "ABCD".repeat(10));
        assertEquals(new KeyLog.Inspection(1, 3, 0), log.inspect());
        sql("CREATE TABLE kept AS SELECT * FROM key_log");
        sql("CREATE TABLE kept_heads AS SELECT * FROM key_log_heads");
        for (String tampering : List.of(
                "UPDATE key_log SET sealed = (SELECT sealed FROM kept WHERE position = 1) WHERE position = 2",
                "UPDATE key_log SET sealed = zeroblob(length(sealed)) WHERE position = 2",
                "UPDATE key_log SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE position = 1",
                "DELETE FROM key_log WHERE position = 3",
                "DELETE FROM key_log WHERE position = 1",
                "DELETE FROM key_log",
                "UPDATE key_log SET position = position + 10",
                "DELETE FROM key_log_heads",
                "UPDATE key_log_heads SET sealed = (SELECT sealed FROM kept WHERE position = 3)")) {
            sql(tampering);
            assertThrows(IllegalStateException.class, this::read, tampering);
            assertEquals(1, log.inspect().broken(), tampering);
            sql("DELETE FROM key_log");
            sql("DELETE FROM key_log_heads");
            sql("INSERT INTO key_log SELECT * FROM kept");
            sql("INSERT INTO key_log_heads SELECT * FROM kept_heads");
            assertEquals(3, read().entries().size());
        }
    }

    @Test
    void aChainTellsEveryChangeOfAnEntryAndAnotherStory() {
        tell(KeyChange.Key.PGP, Stage.EFFECTIVE, PGP);
        String seen = read().head();
        tell(KeyChange.Key.IDENTITY, Stage.EFFECTIVE, IDENTITY);
        KeyLog.Log log = read();
        assertEquals(Optional.empty(), KeyLogChain.fault(BOB, log.entries(), log.head(), seen));
        assertTrue(KeyLogChain.fault(new Username("bobby"), log.entries(), log.head(), null)
                .isPresent());
        assertTrue(KeyLogChain.fault(BOB, log.entries(), log.head(), "1".repeat(64))
                .isPresent());
        List<UnaryOperator<KeyLogEntry>> forgeries = List.of(
                e -> new KeyLogEntry(7, e.key(), e.change(), e.fingerprint(), e.day(), e.previous(), e.hash()),
                e -> entry(e, "identity", e.change(), e.fingerprint(), e.day(), e.hash()),
                e -> entry(e, e.key(), "removed", e.fingerprint(), e.day(), e.hash()),
                e -> entry(e, e.key(), e.change(), "ABCD".repeat(10), e.day(), e.hash()),
                e -> entry(e, e.key(), e.change(), e.fingerprint(), "2026-01-14", e.hash()),
                e -> entry(e, e.key(), e.change(), e.fingerprint(), e.day(), "1".repeat(64)),
                e -> KeyLogEntry.of(BOB, 1, "pgp", "set", "ABCD".repeat(10), e.day(), e.previous()));
        for (UnaryOperator<KeyLogEntry> forgery : forgeries) {
            List<KeyLogEntry> forged = new ArrayList<>(log.entries());
            forged.set(0, forgery.apply(forged.get(0)));
            assertTrue(KeyLogChain.fault(BOB, forged, log.head(), null).isPresent());
        }
    }

    private static KeyLogEntry entry(
            KeyLogEntry e, String key, String change, String fingerprint, String day, String hash) {
        return new KeyLogEntry(e.position(), key, change, fingerprint, day, e.previous(), hash);
    }

    @Test
    void endsSomewhereAndGoesWithItsAccount() {
        for (int i = 0; i < Limits.KEY_LOG_ENTRIES_MAX; i++) {
            tell(KeyChange.Key.PGP, Stage.EFFECTIVE, String.format("%040X", i));
        }
        assertEquals(Limits.KEY_LOG_ENTRIES_MAX, read().entries().size());
        Refusals.assertRefused(
                Reason.TOO_MANY_KEY_CHANGES, () -> circle.store.database().write(handle -> {
                    circle.directory.requireRoomForKeyChange(handle, bob);
                    return bob;
                }));
        assertFalse(circle.store.filesHold(String.format("%040X", 7)));
        circle.delete(bob);
        assertEquals(new KeyLog.Inspection(0, 0, 0), log.inspect());
    }
}
