// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.util.Optional;

/** The onion of an operator's own torrc: the relay only listens, starts no tor and speaks to none, so it knows no address. */
public final class TorrcOnion implements OnionService {
    @Override
    public void start() {
        // The operator's tor has its own beginning.
    }

    @Override
    public Optional<String> address() {
        return Optional.empty();
    }

    @Override
    public boolean isPublished() {
        return false;
    }

    /** The listener demands the line; a torrc without {@code HiddenServiceExportCircuitID} reaches nothing. */
    @Override
    public boolean namesCircuits() {
        return true;
    }

    @Override
    public void close() {
        // And its own end.
    }
}
