// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.handshaker.core.Limits;
import org.handshaker.core.MailAddress;
import org.handshaker.core.Secret;
import org.handshaker.core.Standing;
import org.handshaker.core.Username;
import org.handshaker.guard.Admission;
import org.handshaker.guard.Mails;
import org.handshaker.support.Await;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class OutboxTest {
    private static final Username ALICE = new Username("alice");
    private static final String ALICES = "alice@example.org";
    private static final int SECONDS_MAX = 40;

    @TempDir
    private Path path;

    private final List<String> sent = new CopyOnWriteArrayList<>();
    private final Admission admission = new Admission(2, 10, Duration.ofSeconds(2));
    private final CountDownLatch server = new CountDownLatch(1);
    private @Nullable Household house;
    private @Nullable Outbox outbox;

    @AfterEach
    void close() {
        server.countDown();
        if (outbox != null) {
            outbox.close();
        }
        if (house != null) {
            house.close();
        }
        admission.close();
    }

    private static MailAddress address(String text) {
        return MailAddress.parse(text.toCharArray());
    }

    /** Alice has an address; the outbox of the household is another one, and idle. */
    private Outbox open(Mailer mailer, @Nullable Mails mails) {
        Post post = new Post(mailer, admission, mails);
        Household opened = new Household(path, Map.of(), post);
        house = opened;
        opened.register("alice");
        opened.accounts.setMail(opened.id("alice"), Household.PASSWORD.toCharArray(), address(ALICES));
        outbox = new Outbox(post, opened.mail, opened.resets);
        return outbox;
    }

    private void note(MailAddress to, Secret code) {
        sent.add(new String(to.ascii(), StandardCharsets.US_ASCII) + " " + new String(code.chars()));
    }

    private void noteWhenTheServerTakesIt(MailAddress to, Secret code) {
        try {
            assertTrue(server.await(SECONDS_MAX, TimeUnit.SECONDS));
            note(to, code);
        } catch (InterruptedException closing) {
            throw new IllegalStateException(closing);
        }
    }

    private Household house() {
        if (house == null) {
            throw new IllegalStateException("open first");
        }
        return house;
    }

    private MailAddress ask(Outbox to, String text, Standing standing) {
        MailAddress address = address(text);
        to.ask(ALICE, house().resets.ask(ALICE, null).id(), address, standing);
        return address;
    }

    private void awaitSent(int count) {
        Await.until(count + " mails", SECONDS_MAX, () -> sent.size() >= count);
    }

    @Test
    void theRightAddressGetsTheCodeAndAllAreWiped() {
        Outbox opened = open(this::note, null);
        List<MailAddress> asked = new ArrayList<>();
        asked.add(ask(opened, "wrong@example.org", Standing.STRANGER));
        asked.add(ask(opened, ALICES, Standing.STRANGER));
        awaitSent(1);
        assertEquals(1, sent.size());
        assertTrue(sent.get(0).matches("alice@example[.]org [A-Za-z0-9_-]{22}"), sent.get(0));
        for (MailAddress address : asked) {
            Await.until(
                    "it is wiped", SECONDS_MAX, () -> new String(address.chars()).isBlank() || address.chars()[0] == 0);
            assertArrayEquals(new char[address.chars().length], address.chars());
        }
    }

    @Test
    void everyAddressCostsOneHashWhoeverHasTheName() {
        Outbox opened = open(this::note, null);
        house().register("without");
        house().hashes.set(0);
        for (String name : List.of("alice", "without", "nobody")) {
            opened.ask(
                    new Username(name),
                    house().resets.ask(new Username(name), null).id(),
                    address("wrong@example.org"),
                    Standing.STRANGER);
        }
        Await.until("three hashes", SECONDS_MAX, () -> house().hashes.get() >= 3);
        ask(opened, ALICES, Standing.STRANGER);
        awaitSent(1);
        assertEquals(4, house().hashes.get());
    }

    /** A mail server that does not answer must be heard neither in the answer nor in how fast addresses are checked. */
    @Test
    void nobodyWaitsForTheMailServerAndWhatFindsNoRoomIsDropped() {
        Outbox opened = open(this::noteWhenTheServerTakesIt, null);
        int asks = Limits.MAILS_OUT_MAX + 20;
        List<MailAddress> asked = new ArrayList<>();
        long start = System.nanoTime();
        for (int i = 0; i < asks; i++) {
            asked.add(ask(opened, ALICES, Standing.STRANGER));
        }
        // The last of them is still being checked when the line is empty.
        int dropped = asks - Limits.MAILS_OUT_MAX - 1;
        Await.until(
                "what finds no room is dropped",
                SECONDS_MAX,
                () -> asked.stream().filter(one -> one.chars()[0] == 0).count() == dropped);
        assertTrue(Duration.ofNanos(System.nanoTime() - start).toSeconds() < SECONDS_MAX);
        ask(opened, ALICES, Standing.KNOWN);
        server.countDown();
        // One was being sent, and a known device's goes by the other line.
        awaitSent(Limits.MAILS_OUT_MAX + 2);
        Await.until("all are wiped", SECONDS_MAX, () -> asked.stream().allMatch(one -> one.chars()[0] == 0));
        assertEquals(Limits.MAILS_OUT_MAX + 2, sent.size());
    }

    @Test
    void aFullLineIsStrainAndItsRestIsDropped() throws Exception {
        Outbox opened = open(this::note, null);
        CompletableFuture<String> busy = new CompletableFuture<>();
        // Every place for hashing is taken, so nothing leaves the line.
        List<CompletableFuture<String>> places =
                List.of(admission.admit(Standing.KNOWN, busy::join), admission.admit(Standing.KNOWN, busy::join));
        var reset = house().resets.ask(ALICE, null).id();
        List<MailAddress> asked = new ArrayList<>();
        for (int i = 0; i < 2 * Limits.MAILS_WAITING_MAX; i++) {
            MailAddress address = address("wrong@example.org");
            asked.add(address);
            opened.ask(ALICE, reset, address, Standing.STRANGER);
        }
        assertEquals(1, opened.strain());
        long dropped = asked.stream().filter(one -> one.chars()[0] == 0).count();
        assertTrue(dropped >= Limits.MAILS_WAITING_MAX - 1, dropped + " dropped");
        busy.complete("");
        for (CompletableFuture<String> place : places) {
            place.get(SECONDS_MAX, TimeUnit.SECONDS);
        }
        ask(opened, ALICES, Standing.KNOWN);
        awaitSent(1);
    }

    @Test
    void aBusyRelayChecksLater() {
        Outbox opened = open(this::note, null);
        CompletableFuture<String> busy = new CompletableFuture<>();
        List<CompletableFuture<String>> places =
                List.of(admission.admit(Standing.KNOWN, busy::join), admission.admit(Standing.KNOWN, busy::join));
        ask(opened, ALICES, Standing.STRANGER);
        // Its turn in admission's line runs out once, whoever waits there.
        var waited = admission.admit(Standing.STRANGER, () -> "");
        Await.until("the wait has run out", SECONDS_MAX, waited::isDone);
        busy.complete("");
        awaitSent(1);
        assertTrue(places.stream().allMatch(CompletableFuture::isDone));
    }

    @Test
    void aCodeThatIsNotTakenAnyMoreIsNotMailed() {
        Outbox opened = open(this::note, null);
        var expired = house().resets.ask(ALICE, null).id();
        house().time.advance(Resets.LIFE);
        opened.ask(ALICE, expired, address(ALICES), Standing.STRANGER);
        ask(opened, ALICES, Standing.STRANGER);
        awaitSent(1);
        assertEquals(1, sent.size());
    }

    @Test
    void oneAddressIsNotFlooded() {
        Outbox opened = open(this::note, new Mails());
        for (int i = 0; i < Limits.MAILS_PER_ADDRESS.burst() + 3; i++) {
            ask(opened, ALICES, Standing.STRANGER);
        }
        Await.until("all are checked", SECONDS_MAX, () -> opened.strain() == 0 && sent.size() >= 5);
        ask(opened, ALICES, Standing.KNOWN);
        awaitSent(Limits.MAILS_PER_ADDRESS.burst() + 1);
        assertEquals(Limits.MAILS_PER_ADDRESS.burst() + 1, sent.size());
    }

    @Test
    void aMailThatIsLostHoldsUpNoOther() {
        List<String> tried = new CopyOnWriteArrayList<>();
        Outbox opened = open(
                (to, code) -> {
                    tried.add(new String(code.chars()));
                    throw new IllegalStateException("down");
                },
                null);
        ask(opened, ALICES, Standing.STRANGER);
        ask(opened, ALICES, Standing.STRANGER);
        Await.until("both were tried", SECONDS_MAX, () -> tried.size() == 2);
    }
}
