// SPDX-License-Identifier: MIT
package org.handshaker.prekeys;

import static org.handshaker.web.Access.USER;

import java.time.Instant;
import java.util.List;
import org.handshaker.core.Cost;
import org.handshaker.core.Limits;
import org.handshaker.web.Call;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.jspecify.annotations.Nullable;

/** The prekeys of section 2 of the contract over HTTP. */
public final class PrekeyRoutes {
    private final Prekeys prekeys;

    public PrekeyRoutes(Prekeys prekeys) {
        this.prekeys = prekeys;
    }

    public List<Route> routes() {
        return List.of(
                Route.put("/users/me/prekeys", USER, this::put).bodyMax(Limits.PREKEYS_BODY_BYTES_MAX),
                Route.get("/users/me/prekeys", USER, this::stock),
                Route.get("/users/{username}/prekeys", USER, this::take).costs(Cost.BUNDLE));
    }

    record Accepted(int remaining, @Nullable Integer kyberRemaining, @Nullable String effectiveAt) {}

    record Stock(int remaining, @Nullable Integer kyberRemaining) {}

    private Reply put(Call call) {
        Prekeys.Accepted accepted = prekeys.put(call.user(), call.body(Upload.class));
        @Nullable Instant effectiveAt = accepted.effectiveAt();
        return Reply.ok(new Accepted(
                accepted.stock().curve(),
                accepted.stock().kyber(),
                effectiveAt == null ? null : effectiveAt.toString()));
    }

    private Reply stock(Call call) {
        Prekeys.Stock stock = prekeys.stock(call.user());
        return Reply.ok(new Stock(stock.curve(), stock.kyber()));
    }

    private Reply take(Call call) {
        return Reply.ok(prekeys.take(call.user(), call.username("username")).json());
    }
}
