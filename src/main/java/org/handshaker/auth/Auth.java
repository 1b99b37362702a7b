// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.handshaker.core.Config;
import org.handshaker.core.Config.Registration;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.directory.Directory;
import org.handshaker.guard.Newcomers;
import org.handshaker.queue.Queue;
import org.handshaker.store.Database;
import org.handshaker.store.Expiring;
import org.handshaker.web.Route;

/** This package, put together: what the wiring needs of it. */
public final class Auth {
    private final Newcomers newcomers;
    private final Devices devices;
    private final Sessions sessions;
    private final Suspensions suspensions;
    private final KeyChanges keys;
    private final Resets resets;
    private final Logins logins;
    private final Accounts accounts;
    private final AuthRoutes routes;

    private Auth(
            Config config,
            Passwords passwords,
            Database database,
            Vault vault,
            Directory directory,
            Newcomers newcomers,
            Queue queue,
            InstantSource time) {
        OpenPgp openPgp = new OpenPgp();
        Challenges challenges = new Challenges(openPgp, new Decoys(vault, openPgp), time);
        ProofStore proofs = new ProofStore(vault);
        Tokens tokens = new Tokens(vault, config.accessTtl(), time);
        this.newcomers = newcomers;
        this.devices = new Devices(vault);
        this.sessions = new Sessions(database, vault, tokens, devices, config.refreshTtl(), time);
        this.suspensions = new Suspensions(database, directory, sessions);
        this.keys = new KeyChanges(database, vault, directory, openPgp, queue, time);
        this.resets = new Resets(database, vault, directory, keys, challenges, devices, time);
        this.logins = new Logins(
                database, vault, directory, passwords, proofs, sessions, suspensions, keys, challenges, time);
        this.accounts =
                new Accounts(database, directory, passwords, proofs, sessions, resets, config.registration(), time);
        this.routes =
                new AuthRoutes(accounts, logins, sessions, resets, keys, openPgp, directory, newcomers, devices, time);
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
            Newcomers newcomers,
            Queue queue,
            Path unpackIn,
            InstantSource time) {
        Passwords passwords = Passwords.open(config.argon2(), config.passwordMin(), unpackIn);
        return of(config, passwords, database, vault, directory, newcomers, queue, time);
    }

    static Auth of(
            Config config,
            Passwords passwords,
            Database database,
            Vault vault,
            Directory directory,
            Newcomers newcomers,
            Queue queue,
            InstantSource time) {
        Auth auth = new Auth(config, passwords, database, vault, directory, newcomers, queue, time);
        directory.whenGone(auth.accounts);
        directory.whenKeyChanges(auth.keys);
        directory.whenKeyChanges(auth.resets);
        return auth;
    }

    /** The {@link org.handshaker.web.Authenticator}, and where to hear of ended sessions. */
    public Sessions sessions() {
        return sessions;
    }

    /** Tells who knows invites; until then nobody is invited. */
    public void invitedBy(Invitation invitation) {
        accounts.invitedBy(invitation);
    }

    /** For the operator. */
    public Suspensions suspensions() {
        return suspensions;
    }

    public Registration registration() {
        return accounts.registration();
    }

    /** Who may register from now on, until the relay stops. */
    public void registration(Registration changed) {
        accounts.registration(changed);
    }

    /** Deletes an account on the operator's word, as its owner could; {@code not_found} where nobody has the name. */
    public void delete(Username name) {
        accounts.delete(name);
    }

    /** For the sweeper. */
    public List<Expiring> expiring() {
        Expiring solutions = (handle, now) -> {
            newcomers.forgetExpired();
            return 0;
        };
        return List.of(sessions, resets, logins, keys, solutions);
    }

    public List<Route> routes() {
        return routes.routes();
    }

    Devices devices() {
        return devices;
    }

    KeyChanges keys() {
        return keys;
    }

    Resets resets() {
        return resets;
    }

    Logins logins() {
        return logins;
    }

    Accounts accounts() {
        return accounts;
    }
}
