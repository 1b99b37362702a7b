// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.util.List;
import org.handshaker.core.Id;
import org.jdbi.v3.core.Handle;

/** The SQL of the table {@code seen}. */
final class SeenStore {
    /** Writes nothing when the day is known already. */
    void seen(Handle handle, Id user, long day) {
        handle.createUpdate(
                        """
                        INSERT INTO seen (user_id, day) VALUES (:user, :day)
                        ON CONFLICT (user_id) DO UPDATE SET day = excluded.day WHERE day < excluded.day""")
                .bind("user", user.bytes())
                .bind("day", day)
                .execute();
    }

    /** Users of before there was such a table: their time begins now. */
    void adopt(Handle handle, long day) {
        handle.createUpdate(
                        """
                        INSERT INTO seen (user_id, day)
                        SELECT id, :day FROM users WHERE id NOT IN (SELECT user_id FROM seen)""")
                .bind("day", day)
                .execute();
    }

    List<Id> notSeenSince(Handle handle, long day, int usersMax) {
        return handle.createQuery("SELECT user_id FROM seen WHERE day < :day ORDER BY day LIMIT :users_max")
                .bind("day", day)
                .bind("users_max", usersMax)
                .map((row, context) -> Id.of(row.getBytes("user_id")))
                .list();
    }
}
