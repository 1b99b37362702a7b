// SPDX-License-Identifier: MIT
package org.handshaker.keylog;

import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.handshaker.connections.Connections;
import org.handshaker.core.Id;
import org.handshaker.core.KeyLogChain;
import org.handshaker.core.KeyLogEntry;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.directory.Directory;
import org.handshaker.directory.KeyChange;
import org.handshaker.directory.KeyChange.Stage;
import org.handshaker.directory.KeyChanged;
import org.handshaker.directory.User;
import org.handshaker.keylog.KeyLogStore.Head;
import org.handshaker.store.Database;
import org.jdbi.v3.core.Handle;

/** Every user's log of key changes: written as keys change, read by the user and their connections, whole or not at all. */
public final class KeyLog implements KeyChanged {
    private static final String SET = "set";
    private static final String REMOVED = "removed";

    private final Database database;
    private final Directory directory;
    private final Readers readers;
    private final InstantSource time;
    private final KeyLogStore store;

    public KeyLog(Database database, Vault vault, Directory directory, Connections connections, InstantSource time) {
        this(database, vault, directory, connections::areConnected, time);
    }

    private KeyLog(Database database, Vault vault, Directory directory, Readers readers, InstantSource time) {
        this.database = database;
        this.directory = directory;
        this.readers = readers;
        this.time = time;
        this.store = new KeyLogStore(vault);
    }

    /** Whoever may read another's log. */
    private interface Readers {
        boolean mayRead(Id reader, Id owner);
    }

    /** For looking at a store without the rest of a relay: nobody reads anybody's log. */
    public static KeyLog inspector(Database database, Vault vault, Directory directory, InstantSource time) {
        return new KeyLog(database, vault, directory, (reader, owner) -> false, time);
    }

    /** @param head the last hash; {@link KeyLogEntry#ORIGIN} where there is no entry */
    public record Log(Username user, List<KeyLogEntry> entries, String head) {}

    /** What a look at all logs found. */
    public record Inspection(int logs, int entries, int broken) {}

    /** Somebody's log; {@code not_connected} unless it is one's own or a connection's, for unknown names too. */
    public Log read(Id reader, Username name) {
        Id owner = directory.find(name).map(User::id).orElseGet(Id::random);
        if (!owner.equals(reader) && !readers.mayRead(reader, owner)) {
            throw Reason.NOT_CONNECTED.refuse();
        }
        return database.read(handle -> handle.inTransaction(snapshot -> {
            Log log = log(snapshot, owner, name);
            fault(log).ifPresent(sentence -> {
                throw new IllegalStateException("a key log is broken: " + sentence);
            });
            return log;
        }));
    }

    private Log log(Handle handle, Id owner, Username name) {
        return new Log(
                name, store.entries(handle, owner), store.head(handle, owner).hash());
    }

    private static Optional<String> fault(Log log) {
        return KeyLogChain.fault(log.user(), log.entries(), log.head(), null);
    }

    /** Checks every log in the store. */
    public Inspection inspect() {
        return database.read(handle -> handle.inTransaction(snapshot -> {
            int[] found = new int[3];
            store.eachUser(snapshot, user -> {
                found[0]++;
                try {
                    Log log = log(snapshot, user, nameOf(snapshot, user));
                    found[1] += log.entries().size();
                    found[2] += fault(log).isPresent() ? 1 : 0;
                } catch (IllegalStateException sealedElsewhere) {
                    found[2]++;
                }
            });
            return new Inspection(found[0], found[1], found[2]);
        }));
    }

    @Override
    public void requireRoom(Handle handle, Id user) {
        if (store.head(handle, user).position() >= Limits.KEY_LOG_ENTRIES_MAX) {
            throw Reason.TOO_MANY_KEY_CHANGES.refuse();
        }
    }

    /** A key that was served already, and is trusted from now on, is no change; neither is one taken back that never was served. */
    @Override
    public void keyChanged(Handle handle, Id user, KeyChange change) {
        boolean isServed = isServed(handle, user, change);
        if (change.stage() == Stage.EFFECTIVE && !isServed) {
            append(handle, user, change, SET);
        } else if (change.stage() == Stage.WITHDRAWN && isServed) {
            append(handle, user, change, REMOVED);
        }
    }

    /** Whether the last that the log knows of this key is that it was set. */
    private boolean isServed(Handle handle, Id user, KeyChange change) {
        List<KeyLogEntry> entries = store.entries(handle, user);
        for (int i = entries.size() - 1; i >= 0; i--) {
            KeyLogEntry entry = entries.get(i);
            if (entry.key().equals(change.key().text())) {
                return entry.change().equals(SET) && entry.fingerprint().equals(change.fingerprint());
            }
        }
        return false;
    }

    private void append(Handle handle, Id user, KeyChange change, String what) {
        Head head = store.head(handle, user);
        KeyLogEntry entry = KeyLogEntry.of(
                nameOf(handle, user),
                head.position() + 1,
                change.key().text(),
                what,
                change.fingerprint(),
                LocalDate.ofInstant(time.instant(), ZoneOffset.UTC).toString(),
                head.hash());
        store.append(handle, user, entry);
    }

    private Username nameOf(Handle handle, Id user) {
        return directory
                .byId(handle, user)
                .map(User::name)
                .orElseThrow(() -> new IllegalStateException("whoever has a key log exists"));
    }
}
