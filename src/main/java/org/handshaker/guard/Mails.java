// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.TimeMeter;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import org.handshaker.core.Limits;
import org.handshaker.core.MailAddress;
import org.handshaker.core.Rate;
import org.handshaker.core.Secrets;
import org.handshaker.core.Standing;
import org.handshaker.core.Vault;

/**
 * Counts the mails to one address, so that the relay cannot be made to flood anyone, whatever accounts name that address; and
 * those that strangers cause together. What known devices ask for is counted apart: strangers use up none of it. Addresses are
 * known by a hash whose key ends with the process, in memory only, and the longest unused is forgotten when there are too many.
 */
public final class Mails {
    /** By then an untouched bucket is full again. */
    private static final Duration FORGET_AFTER = Duration.ofHours(2);

    private final byte[] key = Secrets.randomBytes(32);
    private final Cache<ByteBuffer, Bucket> addresses = Caffeine.newBuilder()
            .maximumSize(Limits.MAILED_ADDRESSES_MAX)
            .expireAfterAccess(FORGET_AFTER)
            .build();
    private final Bucket strangers;
    private final TimeMeter clock;

    /** Follows a clock that does not jump. */
    public Mails() {
        this(TimeMeter.SYSTEM_NANOTIME);
    }

    /** As tests want it. */
    Mails(TimeMeter clock) {
        this.clock = clock;
        this.strangers = bucket(Limits.MAILS);
    }

    /** Whether this address may get one more now, which counts. */
    public boolean mayGo(MailAddress to, Standing standing) {
        byte[] address = to.ascii();
        try {
            ByteBuffer who = ByteBuffer.wrap(Vault.hmac(key, Vault.lengthPrefixed(standing.name(), address)));
            return addresses
                            .get(who, missing -> bucket(Limits.MAILS_PER_ADDRESS))
                            .tryConsume(1)
                    && (standing == Standing.KNOWN || strangers.tryConsume(1));
        } finally {
            Arrays.fill(address, (byte) 0);
        }
    }

    private Bucket bucket(Rate rate) {
        return Bucket.builder()
                .withCustomTimePrecision(clock)
                .addLimit(limit -> limit.capacity(rate.burst()).refillGreedy(rate.count(), rate.per()))
                .build();
    }

    /** Addresses in memory. */
    long counted() {
        addresses.cleanUp();
        return addresses.estimatedSize();
    }
}
