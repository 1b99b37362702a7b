// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Supplier;
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
import org.jspecify.annotations.Nullable;

/** This package, put together: what the wiring needs of it. */
public final class Auth implements AutoCloseable {
    private final Directory directory;
    private final Newcomers newcomers;
    private final Devices devices;
    private final Sessions sessions;
    private final Suspensions suspensions;
    private final KeyChanges keys;
    private final Resets resets;
    private final Logins logins;
    private final Accounts accounts;
    private final RecoveryMail mail;
    private final @Nullable Outbox outbox;
    private final AuthRoutes routes;

    private Auth(
            Config config,
            Passwords passwords,
            Database database,
            Vault vault,
            Directory directory,
            Newcomers newcomers,
            Queue queue,
            @Nullable Post post,
            InstantSource time) {
        this.directory = directory;
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
        this.mail = new RecoveryMail(database, vault, directory, passwords, queue, post);
        this.accounts = new Accounts(
                database, directory, passwords, proofs, sessions, resets, mail, config.registration(), time);
        this.outbox = post == null ? null : new Outbox(post, mail, resets);
        this.routes = new AuthRoutes(
                accounts, logins, sessions, resets, mail, outbox, keys, openPgp, directory, newcomers, devices, time);
    }

    /**
     * Builds everything and registers with the directory for deleted accounts and changed keys.
     *
     * @param post null where there is no recovery mail
     * @param unpackIn a private directory from which libraries can be loaded
     */
    public static Auth open(
            Config config,
            Database database,
            Vault vault,
            Directory directory,
            Newcomers newcomers,
            Queue queue,
            @Nullable Post post,
            Path unpackIn,
            InstantSource time) {
        Passwords passwords = Passwords.open(config.argon2(), config.passwordMin(), unpackIn);
        return of(config, passwords, database, vault, directory, newcomers, queue, post, time);
    }

    static Auth of(
            Config config,
            Passwords passwords,
            Database database,
            Vault vault,
            Directory directory,
            Newcomers newcomers,
            Queue queue,
            @Nullable Post post,
            InstantSource time) {
        Auth auth = new Auth(config, passwords, database, vault, directory, newcomers, queue, post, time);
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

    /**
     * For the sweeper: forgets who has not been here for so many days.
     *
     * @param certainly the time, as far as it is certain
     */
    public Expiring idle(Duration patience, Supplier<Instant> certainly) {
        return new Idle(directory, patience, certainly);
    }

    /** How full the line of strangers who wait for a mail is, 0 to 1. */
    public double mailStrain() {
        return outbox == null ? 0 : outbox.strain();
    }

    /** No mail goes any more. */
    @Override
    public void close() {
        if (outbox != null) {
            outbox.close();
        }
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

    RecoveryMail mail() {
        return mail;
    }

    Accounts accounts() {
        return accounts;
    }
}
