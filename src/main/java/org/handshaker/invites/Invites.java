// SPDX-License-Identifier: MIT
package org.handshaker.invites;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.handshaker.auth.Invitation;
import org.handshaker.connections.Connections;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Secret;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.directory.AccountGone;
import org.handshaker.directory.Directory;
import org.handshaker.directory.User;
import org.handshaker.groups.Group;
import org.handshaker.groups.Groups;
import org.handshaker.invites.Invite.Kind;
import org.handshaker.store.Database;
import org.handshaker.store.Expiring;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Makes invites and takes them. A use and what comes of it are one change on the single writer: of many who redeem the last use
 * at once one has it, and whoever is refused has used nothing.
 */
public final class Invites implements Invitation, AccountGone, Expiring {
    private final Database database;
    private final Directory directory;
    private final Connections connections;
    private final Groups groups;
    private final InstantSource time;
    private final InviteStore store;

    public Invites(
            Database database,
            Vault vault,
            Directory directory,
            Connections connections,
            Groups groups,
            InstantSource time) {
        this.database = database;
        this.directory = directory;
        this.connections = connections;
        this.groups = groups;
        this.time = time;
        this.store = new InviteStore(vault);
    }

    /** @param token shown this once */
    public record Made(Secret token, Invite invite) implements AutoCloseable {
        @Override
        public void close() {
            token.close();
        }

        @Override
        public String toString() {
            return "Made";
        }
    }

    /** @param group in the epoch that began with it; null where it was no invite to one */
    public record Redeemed(Kind kind, Username inviter, @Nullable Group group) {}

    /** The operator's own way to let somebody register, whether a relay runs on the store or not. */
    public static Made byOperator(Database database, Vault vault, Instant now, int uses, Duration life) {
        InviteStore store = new InviteStore(vault);
        Instant second = now.truncatedTo(ChronoUnit.SECONDS);
        Made made =
                new Made(Secret.random(), new Invite(Id.random(), Kind.REGISTER, null, null, uses, second.plus(life)));
        return database.write(handle -> {
            if (store.count(handle, null, second) >= Limits.INVITES_PER_USER_MAX) {
                throw Reason.TOO_MANY_INVITES.refuse();
            }
            store.add(handle, made.token(), made.invite());
            return made;
        });
    }

    /** @param group for the kind of that name, and no other */
    public Made make(Id inviter, Kind kind, @Nullable String group, int uses, Duration life) {
        if ((kind == Kind.GROUP) != (group != null)) {
            throw Reason.MALFORMED.refuse("A group_id is for invites of kind group, and those need one.");
        }
        Made made = new Made(Secret.random(), new Invite(Id.random(), kind, inviter, group, uses, now().plus(life)));
        return database.write(handle -> {
            if (directory.byId(handle, inviter).isEmpty()) {
                throw Reason.NOT_SIGNED_IN.refuse();
            }
            if (group != null) {
                groups.requireMayInvite(handle, inviter, group);
            }
            if (store.count(handle, inviter, now()) >= Limits.INVITES_PER_USER_MAX) {
                throw Reason.TOO_MANY_INVITES.refuse();
            }
            store.add(handle, made.token(), made.invite());
            return made;
        });
    }

    /** One's own that are good, soonest to end first. */
    public List<Invite> of(Id inviter) {
        return database.read(handle -> store.of(handle, inviter, now()));
    }

    /** Takes back one's own. */
    public void revoke(Id inviter, Id invite) {
        database.free(handle -> {
            if (!store.delete(handle, inviter, invite, now())) {
                throw Reason.NOT_FOUND.refuse();
            }
            return invite;
        });
    }

    /** Uses an invite to a connection or a group; {@code not_found} for what is none, or none any more. */
    public Redeemed redeem(Id user, Secret token) {
        return database.write(handle -> {
            Invite invite = good(handle, token)
                    .filter(found -> found.kind() != Kind.REGISTER)
                    .orElseThrow(Reason.NOT_FOUND::refuse);
            Id inviter = Optional.ofNullable(invite.inviter()).orElseThrow(Reason.NOT_FOUND::refuse);
            Username name = directory.byId(handle, inviter).map(User::name).orElseThrow(Reason.NOT_FOUND::refuse);
            @Nullable String into = invite.group();
            @Nullable Group group = null;
            if (into == null) {
                connections.connectInvited(handle, inviter, user);
            } else {
                group = groups.join(handle, into, inviter, user);
            }
            store.use(handle, token, invite);
            return new Redeemed(invite.kind(), name, group);
        });
    }

    private Optional<Invite> good(Handle handle, Secret token) {
        return store.find(handle, token, now());
    }

    @Override
    public boolean admits(Secret invite) {
        return database.<Boolean>read(handle -> registers(handle, invite).isPresent());
    }

    @Override
    public boolean use(Handle handle, Secret invite) {
        Optional<Invite> found = registers(handle, invite);
        found.ifPresent(good -> store.use(handle, invite, good));
        return found.isPresent();
    }

    private Optional<Invite> registers(Handle handle, Secret token) {
        return good(handle, token).filter(invite -> invite.kind() == Kind.REGISTER);
    }

    @Override
    public void accountGone(Handle handle, Id user) {
        store.deleteAllOf(handle, user);
    }

    @Override
    public int expire(Handle handle, Instant now) {
        return store.expire(handle, now, BATCH_ROWS);
    }

    private Instant now() {
        return time.instant().truncatedTo(ChronoUnit.SECONDS);
    }
}
