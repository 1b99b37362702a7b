// SPDX-License-Identifier: MIT
package org.handshaker.store;

import java.time.Instant;
import org.jdbi.v3.core.Handle;

/** Something whose rows run out. Rows past their time are invisible to queries at once; this makes them gone. */
@FunctionalInterface
public interface Expiring {
    /** Deletes at most a batch of what ran out before {@code now}; returns how many; the sweeper comes back until there were none. */
    int expire(Handle handle, Instant now);

    /** The most rows one call deletes, so that no sweep holds the writer for long. */
    int BATCH_ROWS = 1_000;
}
