// SPDX-License-Identifier: MIT
package org.handshaker.push;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Vault;
import org.handshaker.web.Json;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** The SQL of the table {@code push_subscriptions}: one row a session, sealed, gone with the session. */
final class SubscriptionStore {
    private static final String PLACE = "push.subscription";

    private final Vault vault;

    SubscriptionStore(Vault vault) {
        this.vault = vault;
    }

    record Stored(Id session, Subscription subscription) {}

    void put(Handle handle, Caller caller, Subscription subscription) {
        byte[] session = caller.session().bytes();
        Subscription.@Nullable DeviceKeys keys = subscription.keys();
        Map<String, Object> fields = keys == null
                ? Map.of("endpoint", subscription.endpoint().uri().toString())
                : Map.of(
                        "endpoint",
                        subscription.endpoint().uri().toString(),
                        "p256dh",
                        keys.p256dh(),
                        "auth",
                        keys.auth());
        handle.createUpdate(
                        """
                        INSERT INTO push_subscriptions (session_id, user_id, sealed) VALUES (:session, :user, :sealed)
                        ON CONFLICT (session_id) DO UPDATE SET sealed = excluded.sealed""")
                .bind("session", session)
                .bind("user", caller.user().bytes())
                .bind("sealed", vault.seal(Json.write(fields), PLACE, session))
                .execute();
    }

    boolean remove(Handle handle, Id session) {
        return handle.createUpdate("DELETE FROM push_subscriptions WHERE session_id = :session")
                        .bind("session", session.bytes())
                        .execute()
                > 0;
    }

    List<Stored> of(Handle handle, Id user) {
        return handle.createQuery("SELECT session_id, sealed FROM push_subscriptions WHERE user_id = :user")
                .bind("user", user.bytes())
                .map((row, context) -> open(row.getBytes("session_id"), row.getBytes("sealed")))
                .list();
    }

    private Stored open(byte[] session, byte[] sealed) {
        Map<String, Object> fields = Json.map(new String(vault.open(sealed, PLACE, session), StandardCharsets.UTF_8));
        @Nullable Object p256dh = fields.get("p256dh");
        Subscription.@Nullable DeviceKeys keys = p256dh == null
                ? null
                : new Subscription.DeviceKeys(String.valueOf(p256dh), String.valueOf(fields.get("auth")));
        return new Stored(
                Id.of(session), new Subscription(PushEndpoint.parse(String.valueOf(fields.get("endpoint"))), keys));
    }

    boolean isSubscribed(Handle handle, Id session) {
        return handle.createQuery("SELECT 1 FROM push_subscriptions WHERE session_id = :session")
                .bind("session", session.bytes())
                .mapTo(Integer.class)
                .findOne()
                .isPresent();
    }

    List<Id> users(Handle handle) {
        return handle.createQuery("SELECT DISTINCT user_id FROM push_subscriptions")
                .map((row, context) -> Id.of(row.getBytes("user_id")))
                .list();
    }
}
