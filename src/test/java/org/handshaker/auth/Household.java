// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.handshaker.core.Caller;
import org.handshaker.core.Config;
import org.handshaker.core.Id;
import org.handshaker.core.Setting;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.directory.Listing;
import org.handshaker.guard.Guesses;
import org.handshaker.guard.Newcomers;
import org.handshaker.guard.Puzzle;
import org.handshaker.queue.Event;
import org.handshaker.queue.Queue;
import org.handshaker.queue.ThreadTimer;
import org.handshaker.queue.Wanted;
import org.handshaker.store.Expiring;
import org.handshaker.support.TestStore;
import org.handshaker.support.TestTime;
import org.handshaker.web.Route;
import org.jspecify.annotations.Nullable;

/** All of auth over a real database, directory and queue, with cheap password hashes that are counted. */
final class Household implements AutoCloseable {
    static final String PASSWORD = "correct horse battery";

    final TestTime time = new TestTime();
    final TestStore store;
    final AtomicInteger hashes = new AtomicInteger();
    final List<Caller> ended = new CopyOnWriteArrayList<>();
    final Directory directory;
    final Queue queue;
    final OpenPgp openPgp = new OpenPgp();
    final Devices devices;
    final Sessions sessions;
    final Suspensions suspensions;
    final KeyChanges keys;
    final Resets resets;
    final Logins logins;
    final Accounts accounts;
    final RecoveryMail mail;
    final List<Route> routes;

    private final List<Expiring> expiring;
    private final Map<String, Accounts.Made> made = new HashMap<>();

    Household(Path path) {
        this(path, Map.of());
    }

    Household(Path path, Map<Setting, String> settings) {
        this(path, settings, null);
    }

    Household(Path path, Map<Setting, String> settings, @Nullable Post post) {
        Map<Setting, String> given = new HashMap<>(Map.of(
                Setting.TOR, "none",
                Setting.ARGON2, "m=1024,t=1,p=1",
                Setting.PUZZLE, "off",
                Setting.KEY_FILE, path.resolve("key").toString()));
        given.putAll(settings);
        Config config = new Config(given, path);
        store = new TestStore(path.resolve("data"));
        directory = Directory.open(store.database(), store.vault());
        Queue.Times times = new Queue.Times(Duration.ZERO, Duration.ofMinutes(2), Duration.ofDays(14));
        queue = new Queue(
                store.database(),
                store.vault(),
                store.ratchet(time),
                times,
                (viewer, user) -> false,
                new ThreadTimer());
        directory.whenGone(queue::accountGone);

        Passwords.Argon2id counted = (password, salt, cost, bytes) -> {
            hashes.incrementAndGet();
            return Passwords.inJava().hash(password, salt, cost, bytes);
        };
        Passwords passwords = new Passwords(counted, Passwords.Cost.parse(config.argon2()), config.passwordMin());
        Puzzle puzzle = new Puzzle(store.vault().derive("puzzle"), config.puzzle(), () -> 0, time);
        Newcomers newcomers = new Newcomers(puzzle, new Guesses(time));
        Auth auth =
                Auth.of(config, passwords, store.database(), store.vault(), directory, newcomers, queue, post, time);
        devices = auth.devices();
        sessions = auth.sessions();
        suspensions = auth.suspensions();
        keys = auth.keys();
        resets = auth.resets();
        logins = auth.logins();
        accounts = auth.accounts();
        mail = auth.mail();
        routes = auth.routes();
        expiring = auth.expiring();
        sessions.whenEnded((user, session) -> ended.add(new Caller(user, session)));
    }

    /** Makes an account and remembers what it was given. */
    Grant register(String name) {
        return register(name, null);
    }

    Grant register(String name, @Nullable String armor) {
        Certificate certificate =
                armor == null ? null : openPgp.read(armor, OpenPgp.UserIds.WITHOUT_EMAIL, time.instant());
        Accounts.Made account = accounts.register(
                new Username(name), PASSWORD.toCharArray(), certificate, Listing.EXACT_NAME, null, null);
        made.put(name, account);
        return account.grant();
    }

    List<RecoveryCode> codes(String name) {
        return Optional.ofNullable(made.get(name)).orElseThrow().codes();
    }

    Id id(String name) {
        return directory.find(new Username(name)).orElseThrow().id();
    }

    Grant login(String name) {
        return login(name, PASSWORD);
    }

    Grant login(String name, String password) {
        return logins.byPassword(new Username(name), password.toCharArray());
    }

    KeyChanges.Accepted changeKey(String name, String armor, @Nullable String signature, KeyChanges.Password password) {
        Certificate next = openPgp.read(armor, OpenPgp.UserIds.WITHOUT_EMAIL, time.instant());
        return keys.change(id(name), next, armor, signature, password);
    }

    Logins loginsWith(Passwords passwords) {
        Challenges challenges = new Challenges(openPgp, new Decoys(store.vault(), openPgp), time);
        ProofStore proofs = new ProofStore(store.vault());
        return new Logins(
                store.database(),
                store.vault(),
                directory,
                passwords,
                proofs,
                sessions,
                suspensions,
                keys,
                challenges,
                time);
    }

    /** The kinds of the relay's own events in the user's queue, oldest first. */
    List<String> told(String name) {
        return queue.page(id(name), Wanted.EVERYTHING, 100).events().stream()
                .map(Event::kind)
                .toList();
    }

    void sweep() {
        for (Expiring entry : expiring) {
            store.database().write(handle -> entry.expire(handle, time.instant()));
        }
    }

    int rows(String table) {
        return store.database().read(handle -> handle.createQuery("SELECT count(*) FROM " + table)
                .mapTo(Integer.class)
                .one());
    }

    List<Id> endedSessions() {
        List<Id> ids = new ArrayList<>();
        ended.forEach(caller -> ids.add(caller.session()));
        return ids;
    }

    @Override
    public void close() {
        queue.close();
        store.close();
    }
}
