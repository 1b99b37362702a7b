// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;
import org.handshaker.core.Id;
import org.handshaker.directory.Directory;
import org.handshaker.store.Expiring;
import org.jdbi.v3.core.Handle;

/**
 * Forgets identities that nobody has used for long, with everything they own, as if their owners had deleted them. Used means a
 * sign-in or a refresh, which whoever is here does every few minutes; of it the day is known, and no more. It goes by the time
 * that is certain, so that no clock that is set ahead empties a relay.
 */
final class Idle implements Expiring {
    /** Each takes all that an account has with it, in one change. */
    private static final int USERS_AT_ONCE = 20;

    private final Directory directory;
    private final Duration patience;
    private final Supplier<Instant> certainly;
    private final SeenStore store = new SeenStore();
    /** Only the sweeper comes here, on the commit thread. */
    private boolean hasAdopted;

    Idle(Directory directory, Duration patience, Supplier<Instant> certainly) {
        this.directory = directory;
        this.patience = patience;
        this.certainly = certainly;
    }

    @Override
    public int expire(Handle handle, Instant unused) {
        long today = day(certainly.get());
        if (!hasAdopted) {
            store.adopt(handle, today);
            hasAdopted = true;
        }
        List<Id> idle = store.notSeenSince(handle, today - patience.toDays(), USERS_AT_ONCE);
        idle.forEach(user -> directory.remove(handle, user));
        return idle.size();
    }

    static long day(Instant time) {
        return Math.floorDiv(time.getEpochSecond(), Duration.ofDays(1).toSeconds());
    }
}
