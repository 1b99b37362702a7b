// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.handshaker.core.Id;
import org.handshaker.web.Call;
import org.handshaker.web.Door;

/** A door made of a route's own questions. */
final class AuthDoor implements Door {
    private final Function<Call, Optional<Id>> device;
    private final Consumer<Call> demand;
    private final boolean knowsDevices;

    private AuthDoor(Function<Call, Optional<Id>> device, Consumer<Call> demand, boolean knowsDevices) {
        this.device = device;
        this.demand = demand;
        this.knowsDevices = knowsDevices;
    }

    /** Nothing in the body could show that a known device calls. */
    static Door forStrangers(Consumer<Call> demand) {
        return new AuthDoor(call -> Optional.empty(), demand, false);
    }

    /** @param device the user whose device calls */
    static Door forDevices(Function<Call, Optional<Id>> device, Consumer<Call> demand) {
        return new AuthDoor(device, demand, true);
    }

    @Override
    public boolean knowsDevices() {
        return knowsDevices;
    }

    @Override
    public Optional<Id> device(Call call) {
        return device.apply(call);
    }

    @Override
    public void demand(Call call) {
        demand.accept(call);
    }
}
