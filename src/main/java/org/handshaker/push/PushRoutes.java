// SPDX-License-Identifier: MIT
package org.handshaker.push;

import static org.handshaker.web.Access.USER;

import java.util.List;
import org.handshaker.core.Cost;
import org.handshaker.core.Reason;
import org.handshaker.web.Call;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.jspecify.annotations.Nullable;

/** Section 6 of the contract: one subscription a session. */
public final class PushRoutes {
    private final Push push;

    public PushRoutes(Push push) {
        this.push = push;
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/push/subscription", USER, this::show),
                Route.put("/push/subscription", USER, this::subscribe).costs(Cost.ACCOUNT),
                Route.delete("/push/subscription", USER, this::unsubscribe));
    }

    record Shown(boolean subscribed, String vapidPublicKey) {
        @Override
        public String toString() {
            return "Shown";
        }
    }

    record Keys(@Nullable String p256dh, @Nullable String auth) {
        Subscription.DeviceKeys required() {
            if (p256dh == null || auth == null) {
                throw Reason.MALFORMED.refuse("Give both p256dh and auth, or no keys.");
            }
            return new Subscription.DeviceKeys(p256dh, auth);
        }

        @Override
        public String toString() {
            return "Keys";
        }
    }

    record Subscribe(@Nullable String endpoint, @Nullable Keys keys) {
        Subscription subscription() {
            if (endpoint == null) {
                throw Reason.MALFORMED.refuse("Give an endpoint.");
            }
            return new Subscription(PushEndpoint.parse(endpoint), keys == null ? null : keys.required());
        }

        @Override
        public String toString() {
            return "Subscribe";
        }
    }

    private Reply show(Call call) {
        return Reply.ok(new Shown(push.isSubscribed(call.caller()), push.publicKey()));
    }

    private Reply subscribe(Call call) {
        push.subscribe(call.caller(), call.body(Subscribe.class).subscription());
        return Reply.noContent();
    }

    private Reply unsubscribe(Call call) {
        push.unsubscribe(call.caller());
        return Reply.noContent();
    }
}
