// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.store.Database;
import org.jdbi.v3.core.Handle;

/**
 * Accounts that the operator has shut out for a while: every session ends with the suspension, and none begins before it is
 * lifted. Signing in is then refused as if the password were wrong, so that nobody can ask the relay who is suspended. The
 * account, its name, its connections and its queue stay as they are.
 */
public final class Suspensions {
    private final Database database;
    private final Directory directory;
    private final Sessions sessions;
    private final SuspensionStore store = new SuspensionStore();

    Suspensions(Database database, Directory directory, Sessions sessions) {
        this.database = database;
        this.directory = directory;
        this.sessions = sessions;
    }

    /** Shuts out whoever has the name, or {@code not_found}; twice is harmless. Returns when every session has ended. */
    public void suspend(Username name) {
        // Also on a full disk: it is a few bytes, and may be what makes room.
        database.free(handle -> {
            Id user = require(handle, name);
            store.add(handle, user);
            sessions.endAll(handle, user);
            return user;
        });
    }

    /** Lets the account sign in again; harmless when it could. */
    public void lift(Username name) {
        database.free(handle -> {
            Id user = require(handle, name);
            store.remove(handle, user);
            return user;
        });
    }

    private Id require(Handle handle, Username name) {
        return directory
                .find(handle, name)
                .orElseThrow(() -> Reason.NOT_FOUND.refuse("Nobody has this name."))
                .id();
    }

    /** Asked inside the change that would begin a session: it comes before the suspension, which ends it, or sees it. */
    boolean holds(Handle handle, Id user) {
        return store.contains(handle, user);
    }

    public int count() {
        return database.read(store::count);
    }
}
