// SPDX-License-Identifier: MIT
package org.handshaker.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import org.handshaker.core.Limits;
import org.handshaker.core.MailAddress;
import org.handshaker.core.Standing;
import org.junit.jupiter.api.Test;

final class MailsTest {
    private long nanos = 1;
    private final Mails mails = new Mails(new TimeMeter() {
        @Override
        public long currentTimeNanos() {
            return nanos;
        }

        @Override
        public boolean isWallClockBased() {
            return false;
        }
    });

    private boolean mayGo(String address, Standing standing) {
        return mails.mayGo(MailAddress.parse(address.toCharArray()), standing);
    }

    private void fill(String address, Standing standing) {
        for (int i = 0; i < Limits.MAILS_PER_ADDRESS.burst(); i++) {
            assertTrue(mayGo(address, standing));
        }
        assertFalse(mayGo(address, standing));
    }

    @Test
    void oneAddressIsNotFloodedAndKnownDevicesHaveTheirOwnShare() {
        fill("alice@example.org", Standing.STRANGER);
        assertFalse(mayGo("ALICE@example.org", Standing.STRANGER), "however it is written");
        assertTrue(mayGo("bob@example.org", Standing.STRANGER));
        fill("alice@example.org", Standing.KNOWN);
        nanos += Limits.MAILS_PER_ADDRESS
                        .per()
                        .dividedBy(Limits.MAILS_PER_ADDRESS.count())
                        .toNanos()
                + 1;
        assertTrue(mayGo("alice@example.org", Standing.STRANGER));
        assertFalse(mayGo("alice@example.org", Standing.STRANGER));
    }

    @Test
    void strangersTogetherAreBoundedAndKnownDevicesAreNot() {
        for (int i = 0; i < Limits.MAILS.burst(); i++) {
            assertTrue(mayGo("a" + i + "@example.org", Standing.STRANGER));
        }
        assertFalse(mayGo("one@example.org", Standing.STRANGER));
        assertTrue(mayGo("one@example.org", Standing.KNOWN));
        nanos += Duration.ofMinutes(1).toNanos();
        assertTrue(mayGo("two@example.org", Standing.STRANGER));
    }

    @Test
    void countsAreBounded() {
        for (int i = 0; i < Limits.MAILED_ADDRESSES_MAX + 1_000; i++) {
            mayGo("a" + i + "@example.org", Standing.KNOWN);
        }
        assertEquals(Limits.MAILED_ADDRESSES_MAX, mails.counted());
    }
}
