// SPDX-License-Identifier: MIT
package org.handshaker.store;

import java.util.List;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;

/** A table of words: something to write that has nothing to do with the relay. */
final class Words {
    private Words() {}

    static void create(Database database) {
        database.write(handle -> handle.execute("CREATE TABLE words (word TEXT NOT NULL) STRICT"));
    }

    static int add(Handle handle, String word) {
        return handle.execute("INSERT INTO words (word) VALUES (?)", word);
    }

    /** One change that counts rows. */
    static int write(Database database, Function<Handle, Integer> change) {
        return database.write(change);
    }

    static List<String> in(Database database) {
        return database.read(handle -> handle.createQuery("SELECT word FROM words ORDER BY rowid")
                .mapTo(String.class)
                .list());
    }
}
