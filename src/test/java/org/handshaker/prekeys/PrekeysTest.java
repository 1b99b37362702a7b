// SPDX-License-Identifier: MIT
package org.handshaker.prekeys;

import static org.handshaker.prekeys.Keyring.IDENTITY;
import static org.handshaker.prekeys.Keyring.upload;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Username;
import org.handshaker.guard.Takings;
import org.handshaker.support.Refusals;
import org.handshaker.support.Together;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrekeysTest {
    private static final Username BOB = new Username("bob");
    private static final int TAKERS = 8;

    @TempDir
    Path directory;

    private Keyring keyring;
    private Id alice;
    private Id bob;

    @BeforeEach
    void open() {
        keyring = new Keyring(directory, null);
        alice = keyring.user("alice");
        bob = keyring.user("bob");
    }

    @AfterEach
    void close() {
        keyring.close();
    }

    private Bundle take() {
        return keyring.prekeys.take(alice, BOB);
    }

    private int left() {
        return keyring.prekeys.stock(bob).curve();
    }

    @Test
    void handsOutEachOnceOldestFirstAndThenNone() {
        keyring.prekeys.put(bob, upload(IDENTITY, 1, 3));
        assertEquals(3, left());
        assertEquals("{\"key_id\":1,\"key\":\"key1\"}", take().oneTime());
        assertEquals("{\"key_id\":2,\"key\":\"key2\"}", take().oneTime());
        assertEquals(1, left());
        assertNotNull(take().oneTime());
        Bundle last = take();
        assertNull(last.oneTime());
        assertNull(last.kyber());
        assertEquals(IDENTITY, last.identityKey());
        assertEquals(Keyring.signed(), last.signedPrekey());
    }

    @Test
    void whoeverHasNoneIsAsUnknownAsNobody() {
        Refusals.assertRefused(Reason.NOT_FOUND, this::take);
        Refusals.assertRefused(Reason.NOT_FOUND, () -> keyring.prekeys.take(alice, new Username("nobody")));
    }

    @Test
    void manyAtOnceNeverGetTheSame() throws Exception {
        int count = Limits.PREKEYS_MAX;
        keyring.prekeys.put(
                bob,
                new Upload(
                        IDENTITY,
                        Keyring.signed(),
                        Keyring.oneTime(1, count),
                        Keyring.kyber(1, count),
                        new Upload.KyberPrekey("last", "resort", null),
                        null));
        Callable<List<Bundle>> taker = () -> {
            List<Bundle> taken = new ArrayList<>();
            for (int i = 0; i < 2 * count / TAKERS; i++) {
                taken.add(take());
            }
            return taken;
        };
        Callable<?>[] takers = new Callable<?>[TAKERS];
        Arrays.fill(takers, taker);
        List<String> curve = new ArrayList<>();
        List<String> kyber = new ArrayList<>();
        int lastResorts = 0;
        for (Object taken : Together.run(takers)) {
            for (Object each : (List<?>) taken) {
                Bundle bundle = (Bundle) each;
                if (bundle.oneTime() != null) {
                    curve.add(bundle.oneTime());
                }
                assertNotNull(bundle.kyber());
                if (bundle.kyber().contains("resort")) {
                    lastResorts++;
                } else {
                    kyber.add(bundle.kyber());
                }
            }
        }
        assertEquals(count, curve.size());
        assertEquals(count, new HashSet<>(curve).size());
        assertEquals(count, kyber.size());
        assertEquals(count, new HashSet<>(kyber).size());
        assertEquals(count, lastResorts);
    }

    @Test
    void uploadsAtTheSameMomentBringNoneBackAndNoneOfAListThatWasReplaced() throws Exception {
        keyring.prekeys.put(bob, upload(IDENTITY, 0, 10));
        int uploads = 40;
        Callable<List<String>> taker = () -> {
            List<String> taken = new ArrayList<>();
            for (int i = 0; i < 3 * uploads; i++) {
                String oneTime = take().oneTime();
                if (oneTime != null) {
                    taken.add(oneTime);
                }
            }
            return taken;
        };
        List<Object> results = Together.run(taker, taker, taker, () -> {
            for (int i = 1; i <= uploads; i++) {
                // Half of each list was there before.
                keyring.prekeys.put(bob, upload(IDENTITY, 5 * i, 10));
            }
            return List.of();
        });
        Set<String> everTold = new HashSet<>();
        for (Object some : results) {
            int last = 0;
            for (Object each : (List<?>) some) {
                assertTrue(everTold.add(String.valueOf(each)), "handed out twice: " + each);
                int id = Integer.parseInt(String.valueOf(each).replaceFirst(".*key(\\d+).*", "$1"));
                assertTrue(id > last - 10, "of a list that was replaced: " + id + " after " + last);
                last = Math.max(last, id);
            }
        }
        for (Bundle bundle = take(); bundle.oneTime() != null; bundle = take()) {
            assertTrue(everTold.add(bundle.oneTime()), "handed out twice");
        }
    }

    @Test
    void whatWasHandedOutIsSpentAcrossKills() throws Exception {
        Set<String> everTold = ConcurrentHashMap.newKeySet();
        Set<String> twice = ConcurrentHashMap.newKeySet();
        keyring.prekeys.put(bob, upload(IDENTITY, 1, Limits.PREKEYS_MAX));
        for (int life = 0; life < 5; life++) {
            Prekeys living = keyring.prekeys;
            Thread[] takers = new Thread[4];
            for (int i = 0; i < takers.length; i++) {
                takers[i] = new Thread(() -> {
                    try {
                        for (int take = 0; take < 5; take++) {
                            String oneTime = living.take(alice, BOB).oneTime();
                            if (oneTime != null && !everTold.add(oneTime)) {
                                twice.add(oneTime);
                            }
                        }
                    } catch (Refused killed) {
                        return;
                    }
                });
                takers[i].start();
            }
            Set<String> told = new HashSet<>();
            keyring.kill(() -> told.addAll(everTold));
            for (Thread taker : takers) {
                taker.join(10_000);
                assertFalse(taker.isAlive());
            }
            // What was told after the copy was taken is of a life that never was.
            everTold.retainAll(told);
        }
        for (Bundle bundle = take(); bundle.oneTime() != null; bundle = take()) {
            assertTrue(everTold.add(bundle.oneTime()), "handed out twice");
        }
        assertEquals(Set.of(), twice);
        // At each kill every taker may have had one that the disk knew to be spent, and nobody else yet.
        assertTrue(everTold.size() >= Limits.PREKEYS_MAX - 5 * 4, "only " + everTold.size());
    }

    @Test
    void anUploadThatIsRepeatedBringsNoneBack() {
        keyring.prekeys.put(bob, upload(IDENTITY, 1, 3));
        String spent = take().oneTime();
        keyring.prekeys.put(bob, upload(IDENTITY, 1, 3));
        assertEquals(2, left());
        keyring.prekeys.put(bob, upload(IDENTITY, 2, 10));
        keyring.prekeys.put(bob, upload(IDENTITY, 1, 3));
        assertEquals(2, left());
        Set<String> rest = new HashSet<>();
        rest.add(take().oneTime());
        rest.add(take().oneTime());
        assertEquals(2, rest.size());
        assertFalse(rest.contains(spent));
    }

    @Test
    void aListTakesThePlaceOfThoseThatWaitAndAnEmptyOneLeavesThem() {
        keyring.prekeys.put(bob, upload(IDENTITY, 1, 5));
        keyring.prekeys.put(bob, upload(IDENTITY, 100, 2));
        assertEquals(2, left());
        keyring.prekeys.put(bob, upload(IDENTITY, 0, 0));
        assertEquals(2, left());
        assertEquals("{\"key_id\":100,\"key\":\"key100\"}", take().oneTime());
    }

    @Test
    void theMemoryOfSpentOnesIsBounded() {
        int uploads = Limits.PREKEYS_REMEMBERED_MAX / Limits.PREKEYS_MAX + 2;
        for (int i = 0; i < uploads; i++) {
            keyring.prekeys.put(bob, upload(IDENTITY, i * Limits.PREKEYS_MAX, Limits.PREKEYS_MAX));
            IntStream.range(0, Limits.PREKEYS_MAX).parallel().forEach(taken -> assertNotNull(take().oneTime()));
        }
        keyring.prekeys.put(bob, upload(IDENTITY, uploads * Limits.PREKEYS_MAX, 1));
        assertEquals(1 + Limits.PREKEYS_REMEMBERED_MAX + 1, keyring.rows());
    }

    @Test
    void theOwnerHearsOnceThatFewAreLeft() {
        keyring.prekeys.put(bob, upload(IDENTITY, 1, Limits.PREKEYS_LOW + 1));
        take();
        assertEquals(List.of(), keyring.news(bob, "prekeys.low"));
        take();
        take();
        assertEquals(List.of("{\"remaining\":" + (Limits.PREKEYS_LOW - 2) + "}"), keyring.news(bob, "prekeys.low"));
    }

    @Test
    void anIdentityThatTheOneBeforeDidNotSignWaitsThreeDaysAndIsAnnounced() {
        keyring.connect(alice, bob);
        keyring.prekeys.put(bob, upload(IDENTITY, 1, 2));
        assertEquals(1, keyring.news(alice, "key.changed").size());
        Prekeys.Accepted accepted = keyring.prekeys.put(bob, upload("BW90aGVy", 50, 3));
        assertEquals(keyring.time.instant().plus(Prekeys.WAIT), accepted.effectiveAt());
        assertEquals(2, accepted.stock().curve());
        String payload = "{\"username\":\"@bob\",\"fingerprint\":\"" + Prekeys.fingerprint("BW90aGVy")
                + "\",\"effective_at\":\"2026-01-18T12:00:00Z\",\"key\":\"identity\"}";
        assertEquals(List.of(payload), keyring.news(alice, "key.pending"));
        keyring.time.advance(Prekeys.WAIT.minusSeconds(1));
        assertEquals(0, keyring.sweep());
        assertEquals(IDENTITY, take().identityKey());
        keyring.time.advance(Duration.ofSeconds(1));
        Bundle after = take();
        assertEquals("BW90aGVy", after.identityKey());
        assertEquals("{\"key_id\":50,\"key\":\"key50\"}", after.oneTime());
        assertEquals(2, left());
        assertTrue(keyring.news(alice, "key.changed").get(0).contains(Prekeys.fingerprint("BW90aGVy")));
    }

    @Test
    void aChangeOfIdentityIsTakenBackByTheOneOnFileAndSettledByTheSweeper() {
        keyring.prekeys.put(bob, upload(IDENTITY, 1, 2));
        keyring.prekeys.put(bob, upload("BW90aGVy", 50, 3));
        keyring.prekeys.put(bob, upload("BW90aGVy", 60, 4));
        Refusals.assertRefused(Reason.KEY_ALREADY_PENDING, () -> keyring.prekeys.put(bob, upload("third", 1, 1)));
        keyring.prekeys.put(bob, upload(IDENTITY, 0, 0));
        keyring.time.advance(Prekeys.WAIT);
        assertEquals(0, keyring.sweep());
        assertEquals(IDENTITY, take().identityKey());
        keyring.prekeys.put(bob, upload("BW90aGVy", 70, 4));
        keyring.time.advance(Prekeys.WAIT);
        assertEquals(1, keyring.sweep());
        assertEquals(4, left());
    }

    @Test
    void anIdentityThatTheOneBeforeSignedCountsAtOnce() throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        byte[] encoded = pair.getPublic().getEncoded();
        String before = text(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length));
        keyring.prekeys.put(bob, upload(before, 1, 2));
        Signature signer = Signature.getInstance("Ed25519");
        signer.initSign(pair.getPrivate());
        signer.update("BW90aGVy".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        String signature = text(signer.sign());
        Upload next = new Upload("BW90aGVy", Keyring.signed(), Keyring.oneTime(9, 1), null, null, signature);
        keyring.prekeys.put(bob, next);
        Bundle bundle = take();
        assertEquals("BW90aGVy", bundle.identityKey());
        assertEquals("{\"key_id\":9,\"key\":\"key9\"}", bundle.oneTime());
        assertEquals(0, left());
    }

    private static String text(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    @Test
    void nothingStaysOfAnAccountThatIsGoneAndNoFileTells() {
        keyring.prekeys.put(bob, upload(IDENTITY, 1, 5));
        keyring.prekeys.put(bob, upload("BW90aGVy", 50, 3));
        take();
        assertFalse(keyring.store.filesHold(IDENTITY));
        assertFalse(keyring.store.filesHold("key5"));
        assertFalse(keyring.store.filesHold("BW90aGVy"));
        assertEquals(7, keyring.rows());
        keyring.delete(bob);
        assertEquals(0, keyring.rows());
        Refusals.assertRefused(Reason.NOT_FOUND, this::take);
    }

    @Test
    void oneWhoFetchesALotIsRefusedAndACrowdLeavesTheBundleWithoutOneTimePrekeys() {
        try (Keyring limited = new Keyring(directory.resolve("limited"), new Takings())) {
            Id owner = limited.user("bob");
            Id greedy = limited.user("greedy");
            limited.prekeys.put(owner, upload(IDENTITY, 1, 100));
            for (int i = 0; i < Limits.BUNDLES_PER_PAIR.burst(); i++) {
                assertNotNull(limited.prekeys.take(greedy, BOB).oneTime());
            }
            Refusals.assertRefused(Reason.TOO_FAST, () -> limited.prekeys.take(greedy, BOB));
            int taken = Limits.BUNDLES_PER_PAIR.burst();
            Id taker = limited.user("taker0");
            for (int i = 0; taken < Limits.ONE_TIME_PREKEYS_PER_OWNER.burst(); i++, taken++) {
                if (i % Limits.BUNDLES_PER_PAIR.burst() == 0) {
                    taker = limited.user("taker" + (i + 1));
                    limited.prekeys.put(owner, upload(IDENTITY, 1_000 + i, 100));
                }
                assertNotNull(limited.prekeys.take(taker, BOB).oneTime());
            }
            Bundle spared = limited.prekeys.take(limited.user("late"), BOB);
            assertNull(spared.oneTime());
            assertEquals(IDENTITY, spared.identityKey());
            assertTrue(limited.prekeys.stock(owner).curve() > 0);
        }
    }
}
