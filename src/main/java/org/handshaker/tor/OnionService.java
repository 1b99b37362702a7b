// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;

/** One way of being an onion. Starting returns at once; {@link OnionNews} tells the rest. Closing is final and idempotent. */
public sealed interface OnionService extends AutoCloseable permits ManagedOnion, ControlOnion, TorrcOnion {
    void start();

    /** The address, once it is known. */
    Optional<String> address();

    /** Whether a descriptor has been uploaded since this tor began to host us. */
    boolean isPublished();

    /** Whether each stream begins with tor's line that names its circuit; without it, limits cannot be per circuit. */
    boolean namesCircuits();

    /**
     * Has tor close a circuit, soon and without waiting for it; does nothing where circuits are not named.
     *
     * @param circuit the number of tor's line, as 32 bits
     */
    void closeCircuit(int circuit);

    /** Where this tor takes SOCKS, {@code 127.0.0.1:PORT} or {@code unix:PATH}, if it does and is there. */
    Optional<String> socks();

    /**
     * Makes this tor, as a client, forget what it knows of our onion, so that the next call finds it as a stranger would; and
     * lets it in where only some are. A tor that is not ours alone is left as it is.
     */
    void lookAfresh() throws IOException;

    /** Whether the network's time, as far as this tor knows it, fits {@code now}; a wrong clock makes an onion unfindable. */
    boolean agreesOnTime(Instant now);

    /**
     * Whether this tor knows the network's time and {@code now} fits it: what it does not know, it does not confirm. An onion
     * without a tor that can be asked has nothing to hold against the machine's clock.
     */
    boolean confirmsTime(Instant now);

    OnionVitals vitals();

    @Override
    void close();
}
