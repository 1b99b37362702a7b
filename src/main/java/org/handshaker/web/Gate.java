// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.OptionalInt;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.handshaker.core.Caller;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Standing;
import org.jspecify.annotations.Nullable;

/** What stands between a call and its endpoint: rates, and the few places where passwords are hashed. */
public interface Gate {
    /** Refuses with {@code too_fast} when whoever calls has spent their own bucket of this cost. */
    void pass(Cost cost, @Nullable Caller caller, OptionalInt circuit);

    /** Whether this circuit does not heed its refusals, so that the next may keep it waiting; nobody is where nobody counts. */
    default boolean isHammering(OptionalInt circuit) {
        return false;
    }

    /** Refuses with {@code too_fast} when everybody's bucket of this cost is spent; strangers share it. */
    void passAsStranger(Cost cost);

    /** Whether a device that this user knows may go past everybody's bucket; {@code false} when it has done so too often. */
    boolean passAsDevice(Cost cost, Id user);

    /**
     * Runs CPU-heavy work on a pool of as many threads as there are cores, for whoever is known before any stranger;
     * {@code busy} after a bounded wait.
     */
    CompletionStage<Reply> admit(Standing standing, Supplier<Reply> work);
}
