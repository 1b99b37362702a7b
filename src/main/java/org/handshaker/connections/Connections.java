// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.handshaker.connections.RequestStore.Filed;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Remembered;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.directory.AccountGone;
import org.handshaker.directory.Directory;
import org.handshaker.directory.KeyChange;
import org.handshaker.directory.KeyChanged;
import org.handshaker.directory.User;
import org.handshaker.queue.Queue;
import org.handshaker.store.Database;
import org.handshaker.store.Expiring;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Who may talk to whom. Every change is one step on the single writer, so of two answers to one request, or of a block and a
 * request at the same moment, one comes first and the other sees what it did.
 *
 * <p>Guarantee: once a removal or a block was confirmed, {@link #areConnected} says no.
 */
public final class Connections implements AccountGone, KeyChanged, Expiring {
    private static final int REMEMBERED_PAIRS = 65_536;

    private final Database database;
    private final Directory directory;
    private final Queue queue;
    private final Announcements announcements;
    private final InstantSource time;
    private final ConnectionStore connections;
    private final RequestStore requests;
    private final BlockStore blocks;
    /** Pairs that are connected; that two are not is always asked of the store. */
    private final Remembered<Pair, Pair> connected = new Remembered<>(REMEMBERED_PAIRS);

    public Connections(Database database, Directory directory, Queue queue, Vault vault, InstantSource time) {
        this.database = database;
        this.directory = directory;
        this.queue = queue;
        this.announcements = new Announcements(directory, queue);
        this.time = time;
        this.connections = new ConnectionStore(vault);
        this.requests = new RequestStore(vault);
        this.blocks = new BlockStore(vault);
    }

    /** Whether both agreed. Asked before every event that passes from one to the other. */
    public boolean areConnected(Id one, Id other) {
        Pair pair = Pair.of(one, other);
        return connected
                .find(
                        pair,
                        () -> database.read(handle ->
                                connections.areConnected(handle, one, other) ? Optional.of(pair) : Optional.empty()))
                .isPresent();
    }

    /** As {@link #areConnected(Id, Id)}, within a change: what was changed before it in the same commit counts. */
    public boolean areConnected(Handle handle, Id one, Id other) {
        return connections.areConnected(handle, one, other);
    }

    public List<Id> peersOf(Id user) {
        return database.read(handle -> connections.peersOf(handle, user));
    }

    /**
     * Asks for a connection. Asking someone who has asked accepts; asking someone who has blocked the asker looks like
     * asking someone who never answers.
     */
    public Asked ask(Id asker, Username to, @Nullable String intro) {
        Id addressee = directory.require(to).id();
        refuseOneself(asker, addressee);
        return database.write(handle -> ask(handle, asker, addressee, intro));
    }

    private Asked ask(Handle handle, Id asker, Id addressee, @Nullable String intro) {
        Instant now = now();
        refuseTheGone(handle, asker, addressee);
        if (connections.areConnected(handle, asker, addressee)) {
            throw Reason.ALREADY_CONNECTED.refuse();
        }
        blocks.remove(handle, asker, addressee);
        Optional<Request> crossing = alive(handle, addressee, asker, now);
        if (crossing.isPresent()) {
            connect(handle, crossing.get());
            return new Asked(crossing.get(), Outcome.ACCEPTED);
        }
        if (alive(handle, asker, addressee, now).isPresent()) {
            throw Reason.ALREADY_REQUESTED.refuse();
        }
        refuseWithoutRoom(handle, asker, addressee, now);
        Request request = new Request(Id.random(), asker, addressee, intro, now.plus(Limits.REQUEST_LIFE));
        if (blocks.isBlocked(handle, addressee, asker)) {
            requests.add(handle, request, Filed.HIDDEN);
        } else {
            requests.add(handle, request, Filed.OPENLY);
            announcements.requested(handle, addressee, request);
        }
        announcements.requested(handle, asker, request);
        return new Asked(request, Outcome.PENDING);
    }

    /** The live request from one to the other; a dead one is cleared away, so that its place is free. */
    private Optional<Request> alive(Handle handle, Id asker, Id addressee, Instant now) {
        Optional<Request> found = requests.between(handle, asker, addressee);
        if (found.isPresent() && !found.get().isAlive(now)) {
            requests.delete(handle, found.get());
            return Optional.empty();
        }
        return found;
    }

    /** Checked alike for an asker who is blocked, who must not be able to tell. */
    private void refuseWithoutRoom(Handle handle, Id asker, Id addressee, Instant now) {
        if (requests.countIncoming(handle, addressee, now) >= Limits.REQUESTS_PENDING_MAX
                || requests.countOutgoing(handle, asker, now) >= Limits.REQUESTS_PENDING_MAX) {
            throw Reason.TOO_MANY_REQUESTS_PENDING.refuse();
        }
        if (connections.count(handle, asker) >= Limits.CONNECTIONS_PER_USER_MAX) {
            throw Reason.TOO_MANY_CONNECTIONS.refuse();
        }
    }

    public Pending pending(Id user) {
        Instant now = now();
        return database.read(
                handle -> new Pending(requests.incoming(handle, user, now), requests.outgoing(handle, user, now)));
    }

    /** Answers a request; {@code not_found} unless it waits for this user's answer. */
    public Asked respond(Id user, Id requestId, Answer answer) {
        Function<Handle, Asked> change = handle -> {
            Request request = requests.find(handle, requestId, user, now()).orElseThrow(Reason.NOT_FOUND::refuse);
            return switch (answer) {
                case ACCEPT -> {
                    connect(handle, request);
                    yield new Asked(request, Outcome.ACCEPTED);
                }
                case DECLINE -> {
                    requests.delete(handle, request);
                    announcements.unrequested(handle, user, request);
                    yield new Asked(request, Outcome.DECLINED);
                }
                case BLOCK -> {
                    block(handle, user, request.asker());
                    yield new Asked(request, Outcome.BLOCKED);
                }
            };
        };
        return answer == Answer.ACCEPT ? database.write(change) : database.free(change);
    }

    private void connect(Handle handle, Request request) {
        Id asker = request.asker();
        Id addressee = request.addressee();
        if (connections.count(handle, asker) >= Limits.CONNECTIONS_PER_USER_MAX
                || connections.count(handle, addressee) >= Limits.CONNECTIONS_PER_USER_MAX) {
            throw Reason.TOO_MANY_CONNECTIONS.refuse();
        }
        requests.delete(handle, request);
        connections.connect(handle, asker, addressee);
        announcements.accepted(handle, asker, addressee);
        announcements.accepted(handle, addressee, asker);
    }

    /**
     * Connects two who agreed elsewhere, inside the caller's change. Whoever was invited lifts a block of their own, as asking
     * does; whom the inviter has blocked, nobody has invited: {@code not_found}.
     */
    public void connectInvited(Handle handle, Id inviter, Id invited) {
        refuseOneself(inviter, invited);
        refuseTheGone(handle, invited, inviter);
        if (blocks.isBlocked(handle, inviter, invited)) {
            throw Reason.NOT_FOUND.refuse();
        }
        if (connections.areConnected(handle, inviter, invited)) {
            throw Reason.ALREADY_CONNECTED.refuse();
        }
        blocks.remove(handle, invited, inviter);
        requests.between(handle, inviter, invited).ifPresent(request -> requests.delete(handle, request));
        connect(
                handle,
                requests.between(handle, invited, inviter)
                        .orElseGet(() -> new Request(Id.random(), invited, inviter, null, now())));
    }

    /** Ends a connection and drops what is pending between the two; {@code not_found} where there is none. */
    public void remove(Id user, Username name) {
        Id peer = directory.require(name).id();
        database.free(handle -> {
            if (!disconnect(handle, user, peer)) {
                throw Reason.NOT_FOUND.refuse();
            }
            return peer;
        });
    }

    private boolean disconnect(Handle handle, Id one, Id other) {
        if (!cut(handle, one, other)) {
            return false;
        }
        announcements.removed(handle, one, other);
        announcements.removed(handle, other, one);
        return true;
    }

    private boolean cut(Handle handle, Id one, Id other) {
        if (!connections.disconnect(handle, one, other)) {
            return false;
        }
        // In this order: whoever still finds them connected has put his event where the drop finds it.
        database.afterCommit(() -> connected.forget(Pair.of(one, other)));
        // Before the news of it, which is not to be dropped with the rest.
        queue.dropBetween(handle, one, other);
        return true;
    }

    /** Ends every tie with a user and keeps new ones from forming, without telling. Blocking twice is harmless. */
    public void block(Id blocker, Username name) {
        Id blocked = directory.require(name).id();
        refuseOneself(blocker, blocked);
        database.free(handle -> {
            refuseTheGone(handle, blocker, blocked);
            block(handle, blocker, blocked);
            return blocked;
        });
    }

    private void block(Handle handle, Id blocker, Id blocked) {
        disconnect(handle, blocker, blocked);
        requests.between(handle, blocked, blocker).ifPresent(request -> requests.hide(handle, request));
        requests.between(handle, blocker, blocked).ifPresent(request -> requests.delete(handle, request));
        if (blocks.isBlocked(handle, blocker, blocked)) {
            return;
        }
        if (blocks.count(handle, blocker) >= Limits.BLOCKS_PER_USER_MAX) {
            dropBlocksOfTheGone(handle, blocker);
        }
        if (blocks.count(handle, blocker) >= Limits.BLOCKS_PER_USER_MAX) {
            throw Reason.TOO_MANY_BLOCKS.refuse();
        }
        blocks.add(handle, blocker, blocked);
    }

    /** A deleted account cannot find who has blocked it, so its entries stay, sealed, until their owner needs the room. */
    private void dropBlocksOfTheGone(Handle handle, Id blocker) {
        for (Id blocked : blocks.blockedBy(handle, blocker)) {
            if (directory.byId(handle, blocked).isEmpty()) {
                blocks.remove(handle, blocker, blocked);
            }
        }
    }

    /** Lets a user ask again. What ended with the block does not come back. */
    public void unblock(Id blocker, Username name) {
        Id blocked = directory.require(name).id();
        database.free(handle -> {
            blocks.remove(handle, blocker, blocked);
            return blocked;
        });
    }

    public List<Username> blockedBy(Id blocker) {
        List<Id> blocked = database.read(handle -> blocks.blockedBy(handle, blocker));
        return blocked.stream()
                .flatMap(id -> directory.byId(id).stream())
                .map(User::name)
                .sorted(Comparator.comparing(Username::bare))
                .toList();
    }

    @Override
    public void accountGone(Handle handle, Id user) {
        List<Id> peers = connections.peersOf(handle, user);
        peers.forEach(peer -> cut(handle, user, peer));
        // Only the peers: the user's own queue is going too, and must not get a new event.
        announcements.gone(handle, user, peers);
        // As with the peers, only the other side.
        requests.allOf(handle, user).forEach(request -> {
            requests.delete(handle, request);
            announcements.unrequested(handle, request.other(user), request);
        });
        blocks.removeAllBy(handle, user);
    }

    @Override
    public void keyChanged(Handle handle, Id user, KeyChange change) {
        announcements.keyChanged(handle, user, change, connections.peersOf(handle, user));
    }

    @Override
    public int expire(Handle handle, Instant now) {
        List<Request> expired = requests.expired(handle, now, BATCH_ROWS);
        expired.forEach(request -> {
            requests.delete(handle, request);
            announcements.unrequested(handle, request.asker(), request);
            announcements.unrequested(handle, request.addressee(), request);
        });
        return expired.size();
    }

    private static void refuseOneself(Id user, Id other) {
        if (user.equals(other)) {
            throw Reason.NOT_WITH_YOURSELF.refuse();
        }
    }

    /** Either account may have been deleted since it was looked up; nothing may be written for it then. */
    private void refuseTheGone(Handle handle, Id user, Id other) {
        if (directory.byId(handle, user).isEmpty()) {
            throw Reason.NOT_SIGNED_IN.refuse();
        }
        if (directory.byId(handle, other).isEmpty()) {
            throw Reason.NOT_FOUND.refuse();
        }
    }

    /** Requests live by the whole second, as the table keeps them. */
    private Instant now() {
        return time.instant().truncatedTo(ChronoUnit.SECONDS);
    }
}
