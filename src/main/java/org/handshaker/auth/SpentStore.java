// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.time.Instant;
import org.handshaker.core.Id;
import org.jdbi.v3.core.Handle;

/** The SQL of {@code spent_challenges}. */
final class SpentStore {
    /** Returns false when it was spent before. */
    boolean add(Handle handle, Id challenge, Instant expires) {
        return handle.createUpdate(
                                """
                        INSERT INTO spent_challenges (id, expires_at) VALUES (:id, :expires)
                        ON CONFLICT (id) DO NOTHING
                        """)
                        .bind("id", challenge.bytes())
                        .bind("expires", expires.getEpochSecond())
                        .execute()
                == 1;
    }

    int expire(Handle handle, Instant now, int most) {
        return handle.createUpdate(
                        """
                        DELETE FROM spent_challenges WHERE id IN
                            (SELECT id FROM spent_challenges WHERE expires_at <= :now LIMIT :most)
                        """)
                .bind("now", now.getEpochSecond())
                .bind("most", most)
                .execute();
    }
}
