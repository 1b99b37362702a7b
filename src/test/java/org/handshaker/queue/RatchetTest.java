// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.handshaker.core.Id;
import org.handshaker.core.Secrets;
import org.handshaker.core.Unusable;
import org.handshaker.core.Vault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RatchetTest {
    private static final byte[] WORDS = "what the event says".getBytes(StandardCharsets.UTF_8);
    private static final byte[] BOUND = {1, 2, 3};

    @TempDir
    private Path directory;

    private Queues queues;
    private Instant soon;

    @BeforeEach
    void open() {
        queues = new Queues(directory);
        // Half past an hour, so that there is a before and an after in it.
        queues.time.advance(Duration.ofMinutes(30));
        soon = queues.time.instant().plusSeconds(60);
    }

    @AfterEach
    void close() {
        queues.close();
    }

    @Test
    void whatRanOutAnHourAgoOpensNeitherHereNorAfterARestart() {
        byte[] sealed = queues.ratchet.seal(soon, WORDS, BOUND);
        queues.time.advance(Duration.ofMinutes(29));
        queues.forget();
        assertArrayEquals(WORDS, queues.ratchet.open(soon, sealed, BOUND), "its hour is not over");
        queues.restart();
        assertArrayEquals(WORDS, queues.ratchet.open(soon, sealed, BOUND));

        queues.time.advance(Duration.ofMinutes(1));
        queues.forget();
        assertNull(queues.ratchet.open(soon, sealed, BOUND));
        queues.time.advance(Duration.ofHours(-20));
        queues.forget();
        assertNull(queues.ratchet.open(soon, sealed, BOUND), "a clock that is put back brings nothing back");
        queues.restart();
        assertNull(queues.ratchet.open(soon, sealed, BOUND));
        assertFalse(queues.ratchet.instant().isBefore(soon), "nor does it seem to be pending again");
    }

    @Test
    void anEventThatEndsWithAnHourIsForgottenWithIt() {
        Instant hour = Instant.parse("2026-01-15T13:00:00Z");
        byte[] ends = queues.ratchet.seal(hour, WORDS, BOUND);
        byte[] later = queues.ratchet.seal(hour.plusSeconds(1), WORDS, BOUND);
        queues.time.advance(Duration.between(queues.time.instant(), hour));
        queues.forget();
        assertNull(queues.ratchet.open(hour, ends, BOUND));
        assertArrayEquals(WORDS, queues.ratchet.open(hour.plusSeconds(1), later, BOUND));
    }

    @Test
    void thePresentLinkOpensNothingOfThePastWithTheMasterKeyInHand() throws IOException {
        byte[] sealed = queues.ratchet.seal(soon, WORDS, BOUND);
        ChainFile.Link before = link(Files.readAllBytes(queues.store.ratchetFile()));
        queues.time.advance(Duration.ofHours(1));
        queues.forget();
        byte[] whole = Files.readAllBytes(queues.store.ratchetFile());
        ChainFile.Link after = link(whole);
        assertEquals(before.hour() + 1, after.hour());
        assertEquals(1, linksIn(whole), "the link before lies in the file no more");
        long wanted = Math.floorDiv(soon.getEpochSecond(), 3_600L);
        // Every key that can be made from what is left, tried on it.
        HourKeys left = new HourKeys(after.hour(), after.chain());
        for (long hour = wanted; hour < wanted + 100; hour++) {
            var key = left.key(hour);
            if (key == null) {
                continue;
            }
            assertThrows(org.handshaker.core.SealKey.Foreign.class, () -> key.open(sealed, BOUND));
        }
        // And the attack itself works where it may: with the link of that hour.
        assertArrayEquals(WORDS, opened(before, wanted, sealed));
    }

    private byte[] opened(ChainFile.Link link, long hour, byte[] sealed) {
        try {
            return Objects.requireNonNull(new HourKeys(link.hour(), link.chain()).key(hour))
                    .open(sealed, BOUND);
        } catch (org.handshaker.core.SealKey.Foreign foreign) {
            throw new AssertionError(foreign);
        }
    }

    /** As whoever has a copy of the file and the master key reads it. */
    private ChainFile.Link link(byte[] bytes) throws IOException {
        Path copy = Files.write(directory.resolve("copy" + Id.random()), bytes);
        try (ChainFile file = ChainFile.open(queues.store.vault(), copy)) {
            return Objects.requireNonNull(file.read());
        }
    }

    private int linksIn(byte[] bytes) throws IOException {
        int links = 0;
        for (int slot = 0; slot < 2; slot++) {
            byte[] other = bytes.clone();
            Arrays.fill(other, (1 - slot) * 4_096, (2 - slot) * 4_096, (byte) 0);
            Path copy = Files.write(directory.resolve("slot" + Id.random()), other);
            try (ChainFile file = ChainFile.open(queues.store.vault(), copy)) {
                links += file.read() == null ? 0 : 1;
            }
        }
        return links;
    }

    @Test
    void aWriteThatIsTornAnywhereLeavesALinkThatIsWhole() throws IOException {
        byte[] before = Files.readAllBytes(queues.store.ratchetFile());
        long hour = link(before).hour();
        queues.time.advance(Duration.ofHours(1));
        queues.forget();
        byte[] after = Files.readAllBytes(queues.store.ratchetFile());
        int free = Arrays.mismatch(Arrays.copyOf(before, 4_096), new byte[4_096]) < 0 ? 0 : 4_096;
        for (int torn = 0; torn <= 128; torn++) {
            // First the free place is written, the other one as it was...
            byte[] writing = Arrays.copyOf(before, 8_192);
            System.arraycopy(after, free, writing, free, torn);
            long found = link(writing).hour();
            assertTrue(found == hour || (found == hour + 1 && torn > 80), "torn at " + torn + ": " + found);
            // ...then the old one wiped.
            byte[] wiping = Arrays.copyOf(before, 8_192);
            System.arraycopy(after, free, wiping, free, 4_096);
            Arrays.fill(wiping, 4_096 - free, 4_096 - free + torn, (byte) 0);
            assertEquals(hour + 1, link(wiping).hour());
        }
    }

    @Test
    void refusesToStartWithoutTheChainOfWhatWaitsAndTouchesNothing() throws IOException {
        queues.store(queues.ann, queues.ben, "hello");
        queues.queue.close();
        queues.ratchet.close();
        Path file = queues.store.ratchetFile();
        byte[] kept = Files.readAllBytes(file);
        Files.delete(file);
        Unusable refused = assertThrows(Unusable.class, () -> queues.store.ratchet(queues.time));
        assertTrue(refused.sentence().contains("--ratchet-file is missing"), refused::sentence);
        assertEquals(1, queues.rows());

        Files.write(file, kept);
        queues.crash();
        assertEquals(List.of("hello"), queues.payloads(queues.ben));
    }

    @Test
    void anotherRelaysChainIsAsGoodAsNoneAndIsNeverWrittenOver() throws IOException {
        queues.store(queues.ann, queues.ben, "hello");
        queues.queue.close();
        queues.ratchet.close();
        Path file = queues.store.ratchetFile();
        Vault other = new Vault(Secrets.randomBytes(Vault.MASTER_BYTES));
        try (ChainFile foreign = ChainFile.open(other, file)) {
            foreign.write(new ChainFile.Link(Id.random(), 1, new byte[32]));
            foreign.write(new ChainFile.Link(Id.random(), 2, new byte[32]));
        }
        byte[] theirs = Files.readAllBytes(file);
        assertThrows(Unusable.class, () -> queues.store.ratchet(queues.time));
        Unusable refused = assertThrows(
                Unusable.class, () -> queues.store.ratchet(queues.time, () -> 0, now -> true, Ratchet.Lost.DELETE));
        assertTrue(refused.sentence().contains("is another relay's"), refused::sentence);
        assertEquals(1, queues.rows());
        assertArrayEquals(theirs, Files.readAllBytes(file));
        Files.delete(file);
        queues.store.ratchet(queues.time, () -> 0, now -> true, Ratchet.Lost.DELETE);
        assertEquals(0, queues.rows());
        queues.crash();
        queues.store(queues.ann, queues.ben, "again");
        assertEquals(List.of("again"), queues.payloads(queues.ben));
    }

    @Test
    void waitingForTheWitnessItNeitherForgetsNorDeletes() throws IOException {
        Receipt kept = queues.store(queues.ann, queues.ben, "hello");
        queues.queue.close();
        queues.time.advance(Queues.MESSAGE_TTL.plusDays(1));
        queues.store.reopen();
        boolean[] isConfirmed = {false};
        long[] nanos = {0};
        queues.ratchet = queues.store.ratchet(queues.time, () -> nanos[0], now -> isConfirmed[0], Ratchet.Lost.REFUSE);
        queues.queue = queues.open();
        assertTrue(queues.ratchet.isWaiting());
        assertEquals(List.of(), queues.payloads(queues.ben), "by the machine's clock it has run out");
        queues.sweep();
        assertTrue(queues.hasRow(kept.eventId()));

        queues.time.advance(Queues.MESSAGE_TTL.plusDays(1).negated());
        queues.forget();
        assertFalse(queues.ratchet.isWaiting());
        queues.sweep();
        queues.crash();
        assertEquals(
                List.of("hello"), queues.payloads(queues.ben), "the machine's clock was wrong, and is right again");

        queues.time.advance(Queues.MESSAGE_TTL.plusDays(1));
        isConfirmed[0] = true;
        queues.sweep();
        assertFalse(queues.hasRow(kept.eventId()));
    }

    @Test
    void bodiesOfBeforeAreBroughtUnderIt() {
        Id owner = queues.ben;
        Receipt receipt = queues.store(queues.ann, owner, "from before");
        byte[] plain = queues.store.database().read(handle -> handle.createQuery("SELECT body FROM events")
                .mapTo(byte[].class)
                .one());
        Event event = queues.pending(owner).get(0);
        byte[] seq = java.nio.ByteBuffer.allocate(8).putLong(event.seq()).array();
        byte[] bound = Vault.lengthPrefixed("event.body", owner.bytes(), seq);
        byte[] opened = Objects.requireNonNull(queues.ratchet.open(event.expiresAt(), plain, bound));
        byte[] old = queues.store.vault().seal(opened, "event.body", owner.bytes(), seq);
        queues.store.database().write(handle -> handle.createUpdate("UPDATE events SET sealing = 0, body = :body")
                .bind("body", old)
                .execute());

        queues.restart();
        assertEquals(List.of("from before"), queues.payloads(owner));
        byte[] wrapped = queues.store.database().read(handle -> handle.createQuery("SELECT body FROM events")
                .mapTo(byte[].class)
                .one());
        assertThrows(
                IllegalStateException.class,
                () -> queues.store.vault().open(wrapped, "event.body", owner.bytes(), seq),
                "the master key alone opens it no more");
        queues.time.advance(Queues.MESSAGE_TTL.plusHours(1));
        queues.forget();
        assertNull(queues.ratchet.open(event.expiresAt(), wrapped, Bodies.wrapping(event.seq())));
        assertTrue(queues.hasRow(receipt.eventId()), "though the row is there until it is swept");
    }

    @Test
    void aFirstStartUnderAClockFarAheadIsForgiven() throws IOException {
        queues.queue.close();
        queues.ratchet.close();
        Files.delete(queues.store.ratchetFile());
        queues.time.advance(Duration.ofDays(4_000));
        queues.store.ratchet(queues.time);
        queues.time.advance(Duration.ofDays(-4_000));
        assertEquals(queues.time.instant(), queues.store.ratchet(queues.time).instant());
    }

    @Test
    void twoRelaysCannotHaveOneChain() {
        assertThrows(Unusable.class, () -> ChainFile.open(queues.store.vault(), queues.store.ratchetFile()));
    }
}
