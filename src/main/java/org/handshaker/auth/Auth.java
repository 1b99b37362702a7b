// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.handshaker.core.Config;
import org.handshaker.core.Vault;
import org.handshaker.directory.Directory;
import org.handshaker.guard.Puzzle;
import org.handshaker.store.Database;
import org.handshaker.store.Expiring;
import org.handshaker.web.Route;

/** This package, put together: what the wiring needs of it. */
public final class Auth {
    private final Sessions sessions;
    private final List<Expiring> expiring;
    private final AuthRoutes routes;

    private Auth(Sessions sessions, List<Expiring> expiring, AuthRoutes routes) {
        this.sessions = sessions;
        this.expiring = List.copyOf(expiring);
        this.routes = routes;
    }

    /**
     * Builds everything and registers with the directory for deleted accounts and changed keys.
     *
     * @param unpackIn a private directory from which libraries can be loaded
     */
    public static Auth open(
            Config config,
            Database database,
            Vault vault,
            Directory directory,
            Puzzle puzzle,
            Announcer queue,
            Path unpackIn,
            InstantSource time) {
        Passwords passwords = Passwords.open(config.argon2(), config.passwordMin(), unpackIn);
        return of(config, passwords, database, vault, directory, puzzle, queue, time);
    }

    static Auth of(
            Config config,
            Passwords passwords,
            Database database,
            Vault vault,
            Directory directory,
            Puzzle puzzle,
            Announcer queue,
            InstantSource time) {
        OpenPgp openPgp = new OpenPgp();
        Challenges challenges = new Challenges(openPgp, new Decoys(vault, openPgp), time);
        Devices devices = new Devices(vault);
        ProofStore proofs = new ProofStore(vault);
        Tokens tokens = new Tokens(vault, config.accessTtl(), time);
        Sessions sessions = new Sessions(database, vault, tokens, devices, config.refreshTtl(), time);
        KeyChanges keys = new KeyChanges(database, vault, directory, openPgp, queue, time);
        Resets resets = new Resets(database, vault, directory, keys, challenges, devices, time);
        Logins logins = new Logins(database, vault, directory, passwords, proofs, sessions, keys, challenges, time);
        Accounts accounts =
                new Accounts(database, directory, passwords, proofs, sessions, resets, config.registration(), time);
        directory.whenGone(accounts);
        directory.whenKeyChanges(keys);
        directory.whenKeyChanges(resets);
        AuthRoutes routes = new AuthRoutes(accounts, logins, sessions, resets, keys, openPgp, directory, puzzle, time);
        Expiring solutions = (handle, now) -> {
            puzzle.forgetExpired();
            return 0;
        };
        return new Auth(sessions, List.of(sessions, resets, logins, keys, solutions), routes);
    }

    /** The {@link org.handshaker.web.Authenticator}, and where to hear of ended sessions. */
    public Sessions sessions() {
        return sessions;
    }

    /** For the sweeper. */
    public List<Expiring> expiring() {
        return expiring;
    }

    public List<Route> routes() {
        return routes.routes();
    }
}
