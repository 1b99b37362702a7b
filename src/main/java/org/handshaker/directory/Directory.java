// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Remembered;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.store.Database;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Finds users, and makes, changes and deletes their records. Methods that take a {@link Handle} belong inside a change of
 * the caller's and read what that change has written; the others answer what is committed.
 */
public final class Directory {
    /** The most names held for search by prefix, about 100 bytes each. */
    static final int LISTED_NAMES_MAX = 1_000_000;

    private static final int REMEMBERED_USERS = 20_000;

    private final Database database;
    private final UserStore store;
    private final Names names = new Names(LISTED_NAMES_MAX);
    private final Remembered<Username, User> byName = new Remembered<>(REMEMBERED_USERS);
    private final Remembered<Id, User> byId = new Remembered<>(REMEMBERED_USERS);
    private final List<AccountGone> whenGone = new CopyOnWriteArrayList<>();
    private final List<KeyChanged> whenKeyChanges = new CopyOnWriteArrayList<>();
    private final List<SettingsChanged> whenSettingsChange = new CopyOnWriteArrayList<>();

    private Directory(Database database, Vault vault) {
        this.database = database;
        this.store = new UserStore(vault);
    }

    /** Reads the names that want to be found by prefix, then answers. */
    public static Directory open(Database database, Vault vault) {
        Directory directory = new Directory(database, vault);
        database.read(handle -> {
            directory.store.eachDiscoverableName(handle, directory.names::add);
            return directory;
        });
        return directory;
    }

    /** Listeners are called in the order in which they were added; the wiring adds them before it serves. */
    public void whenGone(AccountGone listener) {
        whenGone.add(listener);
    }

    public void whenKeyChanges(KeyChanged listener) {
        whenKeyChanges.add(listener);
    }

    public void whenSettingsChange(SettingsChanged listener) {
        whenSettingsChange.add(listener);
    }

    public Optional<User> find(Username name) {
        return byName.find(name, () -> database.read(handle -> store.find(handle, name)));
    }

    public Optional<User> find(Handle handle, Username name) {
        return store.find(handle, name);
    }

    /** The user of that name, or {@code not_found}. */
    public User require(Username name) {
        return find(name).orElseThrow(Reason.NOT_FOUND::refuse);
    }

    public Optional<User> byId(Id id) {
        return byId.find(id, () -> database.read(handle -> store.byId(handle, id)));
    }

    public Optional<User> byId(Handle handle, Id id) {
        return store.byId(handle, id);
    }

    /** The name of a user who has one: empty only for an account that is gone. */
    public Optional<Username> name(Id id) {
        return byId(id).map(User::name);
    }

    /** How many users there are. */
    public int count() {
        return database.read(store::count);
    }

    /** Users in the order of their random ids, from behind one of them; null for the first. */
    public List<Id> idsAfter(@Nullable Id last, int most) {
        return database.read(handle -> store.idsAfter(handle, last, most));
    }

    /** The armored public certificate. */
    public Optional<String> certificate(Id id) {
        return database.read(handle -> store.certificate(handle, id));
    }

    public Optional<String> certificate(Handle handle, Id id) {
        return store.certificate(handle, id);
    }

    /** The user of that name with the certificate, or {@code not_found}. */
    public Profile profile(Username name) {
        return database.read(handle -> store.profile(handle, name)).orElseThrow(Reason.NOT_FOUND::refuse);
    }

    /** One's own record; {@code not_signed_in} when the account has just gone. */
    public Profile profile(Id id) {
        return database.read(handle -> store.profile(handle, id)).orElseThrow(Reason.NOT_SIGNED_IN::refuse);
    }

    /** The certificates of the named users, in the order asked; null for the unknown and for those without one. */
    public Map<Username, @Nullable String> certificates(List<Username> asked) {
        return database.read(handle -> {
            Map<Username, @Nullable String> found = new LinkedHashMap<>();
            for (Username name : asked) {
                found.put(
                        name,
                        store.profile(handle, name).map(Profile::certificate).orElse(null));
            }
            return found;
        });
    }

    /**
     * The user of exactly that name first, then those who want to be found by it as a prefix. Text that no name can begin
     * with finds nobody.
     *
     * @param text with or without {@code @}
     */
    public List<User> search(String text) {
        Username exact;
        try {
            // A name has at least as many characters as a prefix needs, so what is no name is no prefix either.
            exact = Username.parse(text);
        } catch (Refused noName) {
            return List.of();
        }
        List<User> found = new ArrayList<>();
        find(exact).ifPresent(found::add);
        // One more than needed: the exact name may be among them.
        for (Username name : names.startingWith(exact.bare(), Limits.SEARCH_ROWS_MAX + 1)) {
            if (found.size() < Limits.SEARCH_ROWS_MAX && !name.equals(exact)) {
                find(name).filter(User::discoverable).ifPresent(found::add);
            }
        }
        return found;
    }

    /** Makes an identity without a key, visible to its connections; {@code username_taken} when the name has an owner. */
    public User create(Handle handle, Id id, Username name, Listing listing, Instant now) {
        User user = new User(id, name, day(now), listing, true, null, null);
        if (!store.insert(handle, user)) {
            throw Reason.USERNAME_TAKEN.refuse();
        }
        if (user.discoverable()) {
            database.afterCommit(() -> names.add(name));
        }
        return user;
    }

    /** Puts a checked certificate in place of the one before, and tells those who listen. */
    public void setKey(Handle handle, Id user, String armored, String fingerprint, Instant now) {
        User before = store.byId(handle, user).orElseThrow(Reason.NOT_FOUND::refuse);
        store.setKey(handle, user, armored, fingerprint, day(now));
        forgetAfterCommit(before);
        tell(handle, user, new KeyChange(KeyChange.Stage.EFFECTIVE, fingerprint, now));
    }

    /** Leaves the user without a certificate. */
    public void dropKey(Handle handle, Id user) {
        User before = store.byId(handle, user).orElseThrow(Reason.NOT_FOUND::refuse);
        store.dropKey(handle, user);
        forgetAfterCommit(before);
    }

    /** Whoever listens can take one more change of this user's keys; to be asked before one is accepted. */
    public void requireRoomForKeyChange(Handle handle, Id user) {
        whenKeyChanges.forEach(listener -> listener.requireRoom(handle, user));
    }

    /** Tells those who listen of a change of key that is coming, or of one that is not coming any more. */
    public void tell(Handle handle, Id user, KeyChange change) {
        whenKeyChanges.forEach(listener -> listener.keyChanged(handle, user, change));
    }

    /** Changes how one is found and seen; null leaves a thing as it is. Returns the record as it is now. */
    public User change(Id id, @Nullable Boolean discoverable, @Nullable Boolean presenceVisible) {
        User changed = database.write(handle -> {
            User before = store.byId(handle, id).orElseThrow(Reason.NOT_SIGNED_IN::refuse);
            if (discoverable != null) {
                store.setListing(handle, id, discoverable ? Listing.PREFIX : Listing.EXACT_NAME);
            }
            if (presenceVisible != null) {
                store.setPresenceVisible(handle, id, presenceVisible);
            }
            User after = store.byId(handle, id).orElseThrow();
            forgetAfterCommit(before);
            if (discoverable != null) {
                database.afterCommit(() -> list(after));
            }
            return after;
        });
        whenSettingsChange.forEach(listener -> listener.settingsChanged(id));
        return changed;
    }

    private void list(User user) {
        if (user.discoverable()) {
            names.add(user.name());
        } else {
            names.remove(user.name());
        }
    }

    /** Deletes the identity and, through {@link AccountGone}, all that other features keep of it. */
    public void remove(Handle handle, Id id) {
        User user = store.byId(handle, id).orElseThrow(Reason.NOT_FOUND::refuse);
        whenGone.forEach(listener -> listener.accountGone(handle, id));
        store.delete(handle, id);
        forgetAfterCommit(user);
        database.afterCommit(() -> names.remove(user.name()));
    }

    private void forgetAfterCommit(User user) {
        database.afterCommit(() -> {
            byName.forget(user.name());
            byId.forget(user.id());
        });
    }

    private static LocalDate day(Instant now) {
        return LocalDate.ofInstant(now, ZoneOffset.UTC);
    }
}
