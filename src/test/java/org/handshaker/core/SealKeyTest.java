// SPDX-License-Identifier: MIT
package org.handshaker.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class SealKeyTest {
    private static final byte[] WORDS = "some words".getBytes(StandardCharsets.UTF_8);
    private static final byte[] BOUND = {7};

    private final byte[] bytes = Secrets.randomBytes(32);
    private final SealKey key = new SealKey(bytes);

    @Test
    void opensWhatItSealedForTheSamePlaceOnly() throws Exception {
        byte[] sealed = key.seal(WORDS, BOUND);
        assertEquals(WORDS.length + SealKey.SEALING_BYTES, sealed.length);
        assertArrayEquals(WORDS, key.open(sealed, BOUND));
        assertThrows(SealKey.Foreign.class, () -> key.open(sealed, new byte[] {8}));
        assertThrows(SealKey.Foreign.class, () -> new SealKey(Secrets.randomBytes(32)).open(sealed, BOUND));
        for (int length : new int[] {0, 11, 12, 27, sealed.length - 1}) {
            byte[] cut = java.util.Arrays.copyOf(sealed, length);
            assertThrows(SealKey.Foreign.class, () -> key.open(cut, BOUND));
        }
        for (int i = 0; i < sealed.length; i++) {
            byte[] bent = sealed.clone();
            bent[i] ^= 1;
            assertThrows(SealKey.Foreign.class, () -> key.open(bent, BOUND));
        }
    }

    @Test
    void isAesGcmAsEverybodyKnowsIt() throws Exception {
        byte[] sealed = key.seal(WORDS, BOUND);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(bytes, "AES"), new GCMParameterSpec(128, sealed, 0, 12));
        cipher.updateAAD(BOUND);
        assertArrayEquals(WORDS, cipher.doFinal(sealed, 12, sealed.length - 12));
    }

    @Test
    void sealsNothingTwiceAlikeFromManyThreads() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Callable<List<byte[]>>> tasks = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                tasks.add(() -> {
                    List<byte[]> sealed = new ArrayList<>();
                    for (int j = 0; j < 500; j++) {
                        byte[] one = key.seal(WORDS, BOUND);
                        assertArrayEquals(WORDS, key.open(one, BOUND));
                        sealed.add(one);
                    }
                    return sealed;
                });
            }
            List<String> nonces = new ArrayList<>();
            for (Future<List<byte[]>> task : threads.invokeAll(tasks)) {
                task.get().forEach(one -> nonces.add(Secrets.base64Url(java.util.Arrays.copyOf(one, 12))));
            }
            assertEquals(4_000, nonces.stream().distinct().count());
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void onceForgottenItNeitherSealsNorOpensAndItsBytesAreGone() {
        byte[] sealed = key.seal(WORDS, BOUND);
        key.forget();
        assertThrows(WipedKey.Gone.class, () -> key.seal(WORDS, BOUND));
        assertThrows(WipedKey.Gone.class, () -> key.open(sealed, BOUND));
        assertArrayEquals(new byte[32], bytes, "they were its own");
        assertFalse(key.toString().contains("@"), "and it never tells of itself");
    }
}
