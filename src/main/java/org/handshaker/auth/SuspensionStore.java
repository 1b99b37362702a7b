// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import org.handshaker.core.Id;
import org.jdbi.v3.core.Handle;

/** The SQL of {@code suspensions}. */
final class SuspensionStore {
    void add(Handle handle, Id user) {
        handle.createUpdate("INSERT INTO suspensions (user_id) VALUES (:user) ON CONFLICT (user_id) DO NOTHING")
                .bind("user", user.bytes())
                .execute();
    }

    void remove(Handle handle, Id user) {
        handle.createUpdate("DELETE FROM suspensions WHERE user_id = :user")
                .bind("user", user.bytes())
                .execute();
    }

    boolean contains(Handle handle, Id user) {
        return handle.createQuery("SELECT count(*) FROM suspensions WHERE user_id = :user")
                        .bind("user", user.bytes())
                        .mapTo(Integer.class)
                        .one()
                == 1;
    }

    int count(Handle handle) {
        return handle.createQuery("SELECT count(*) FROM suspensions")
                .mapTo(Integer.class)
                .one();
    }
}
