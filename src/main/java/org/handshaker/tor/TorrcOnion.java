// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The onion of an operator's own torrc: the relay only listens, starts no tor and commands none, so it knows no more of it than
 * the operator says.
 */
public final class TorrcOnion implements OnionService {
    private final @Nullable String address;
    private final @Nullable String socks;

    /**
     * @param address 56 characters and {@code .onion}, if the operator says
     * @param socks where that tor takes SOCKS, if the relay may look at itself through it
     */
    public TorrcOnion(@Nullable String address, @Nullable String socks) {
        this.address = address;
        this.socks = socks;
    }

    @Override
    public void start() {
        // The operator's tor has its own beginning.
    }

    @Override
    public Optional<String> address() {
        return Optional.ofNullable(address);
    }

    @Override
    public boolean isPublished() {
        return false;
    }

    /** The listener demands the line; a torrc without {@code HiddenServiceExportCircuitID} stops it. */
    @Override
    public boolean namesCircuits() {
        return true;
    }

    @Override
    public void closeCircuit(int circuit) {
        // There is no control port; what the circuit sends goes on being refused.
    }

    @Override
    public Optional<String> socks() {
        return Optional.ofNullable(socks);
    }

    @Override
    public void lookAfresh() {
        // Not ours: it remembers our descriptor for up to three hours, and others use it too.
    }

    @Override
    public boolean agreesOnTime(Instant now) {
        return true;
    }

    @Override
    public boolean confirmsTime(Instant now) {
        return true;
    }

    @Override
    public OnionVitals vitals() {
        return OnionVitals.UNKNOWN;
    }

    @Override
    public void close() {
        // And its own end.
    }
}
