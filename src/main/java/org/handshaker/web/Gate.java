// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.OptionalInt;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.handshaker.core.Caller;
import org.handshaker.core.Cost;
import org.jspecify.annotations.Nullable;

/** What stands between a call and its endpoint: rates, and the few places where passwords are hashed. */
public interface Gate {
    /** Refuses with {@code too_fast} when whoever calls has spent the bucket of this cost. */
    void pass(Cost cost, @Nullable Caller caller, OptionalInt circuit);

    /** Runs CPU-heavy work on a pool of as many threads as there are cores; {@code busy} after a bounded wait. */
    CompletionStage<Reply> admit(Supplier<Reply> work);
}
