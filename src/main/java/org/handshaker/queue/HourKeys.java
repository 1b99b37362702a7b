// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.Mac;
import org.handshaker.core.Reason;
import org.handshaker.core.SealKey;
import org.handshaker.core.WipedKey;
import org.jspecify.annotations.Nullable;

/**
 * A key for each hour, out of a chain that only goes forward: {@code key_h = HKDF(chain_h, "key")},
 * {@code chain_h+1 = HKDF(chain_h, "next")} (HKDF-Expand of RFC 5869 with SHA-256, one block; a link of the chain is its
 * pseudorandom key). From a link every later key can be made and no earlier one. Keys that were made are kept, so that the
 * next event of that hour costs no derivation; what is past is wiped.
 */
final class HourKeys {
    static final int CHAIN_BYTES = 32;
    /** An event lives 30 days at most; the rest is for a clock that is a year ahead of the chain. */
    static final int HOURS_AHEAD_MAX = 24 * 400;

    private static final byte[] KEY = {'k', 'e', 'y', 1};
    private static final byte[] NEXT = {'n', 'e', 'x', 't', 1};
    private static final WipedKey NOTHING = new WipedKey(new byte[CHAIN_BYTES], "HmacSHA256");

    private final Map<Long, SealKey> keys = new ConcurrentHashMap<>();
    /** The first hour whose key can be made. */
    private volatile long hour;

    private byte[] chain;
    /** How far the keys are made, and the chain there. */
    private long reachedHour;

    private byte[] reached;

    /** @param chain its own from now on */
    HourKeys(long hour, byte[] chain) {
        this.hour = hour;
        this.chain = chain;
        this.reachedHour = hour;
        this.reached = chain.clone();
    }

    long hour() {
        return hour;
    }

    /** Nothing for an hour that is past. {@code busy} for one that only a wrong clock can mean. */
    @Nullable
    SealKey key(long wanted) {
        @Nullable SealKey known = keys.get(wanted);
        return known != null ? known : make(wanted);
    }

    private synchronized @Nullable SealKey make(long wanted) {
        if (wanted < hour) {
            return null;
        }
        if (wanted - hour >= HOURS_AHEAD_MAX) {
            throw Reason.BUSY.refuse();
        }
        while (reachedHour <= wanted) {
            keys.put(reachedHour, new SealKey(expand(reached, KEY)));
            reached = next(reached);
            reachedHour++;
        }
        return keys.get(wanted);
    }

    /** The chain at a later hour, which the caller wipes; nothing is forgotten yet. */
    synchronized byte[] chainAt(long later) {
        byte[] found = chain.clone();
        for (long at = hour; at < later; at++) {
            found = next(found);
        }
        return found;
    }

    /** What came before is wiped, and its keys cannot be made any more. */
    synchronized void forgetBefore(long later) {
        long at = hour;
        while (at < later) {
            @Nullable SealKey past = keys.remove(at);
            if (past != null) {
                past.forget();
            }
            chain = next(chain);
            at++;
            hour = at;
        }
        if (reachedHour < at) {
            Arrays.fill(reached, (byte) 0);
            reached = chain.clone();
            reachedHour = at;
        }
    }

    synchronized void wipe() {
        keys.values().forEach(SealKey::forget);
        keys.clear();
        Arrays.fill(chain, (byte) 0);
        Arrays.fill(reached, (byte) 0);
        // Nothing can be made from zeroes.
        hour = Long.MAX_VALUE;
    }

    /** The next link; this one is wiped. */
    private static byte[] next(byte[] link) {
        byte[] next = expand(link, NEXT);
        Arrays.fill(link, (byte) 0);
        return next;
    }

    private static byte[] expand(byte[] link, byte[] info) {
        WipedKey key = new WipedKey(link.clone(), "HmacSHA256");
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            byte[] block = mac.doFinal(info);
            // Writes over the link's padded copies inside.
            mac.init(NOTHING);
            return block;
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("every JDK has HmacSHA256", missing);
        } finally {
            key.destroy();
        }
    }
}
