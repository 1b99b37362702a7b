// SPDX-License-Identifier: MIT
package org.handshaker.groups;

import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import org.handshaker.connections.Connections;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.directory.AccountGone;
import org.handshaker.directory.Directory;
import org.handshaker.directory.User;
import org.handshaker.queue.FanOut;
import org.handshaker.queue.GroupOffer;
import org.handshaker.queue.Kind;
import org.handshaker.queue.Queue;
import org.handshaker.store.Database;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Who is in which group and may do what there. Every change, and every event for a group, is one step on the single writer: of
 * an event and a removal at the same moment one comes first, and an event that comes second is of an old epoch.
 */
public final class Groups implements AccountGone {
    private final Database database;
    private final Directory directory;
    private final Connections connections;
    private final Queue queue;
    private final GroupStore store;
    private final GroupAnnouncements announcements;

    public Groups(Database database, Vault vault, Directory directory, Connections connections, Queue queue) {
        this.database = database;
        this.directory = directory;
        this.connections = connections;
        this.queue = queue;
        this.store = new GroupStore(vault);
        this.announcements = new GroupAnnouncements(queue);
    }

    /**
     * The new epoch after keys were handed round.
     *
     * @param handed members who have got theirs
     * @param full members whose queue had no room for it
     */
    public record Rekeyed(Group group, int handed, int full) {}

    /**
     * Makes a group of one.
     *
     * @param chosenId null for one of the relay's; asking again for one's own new group is harmless
     */
    public Group create(Id owner, @Nullable String chosenId, @Nullable String profile) {
        String id = Group.id(chosenId);
        return database.write(handle -> {
            requireHere(handle, owner);
            Optional<Group> there = store.find(handle, id);
            if (there.isPresent()) {
                return there.filter(group -> group.roleOf(owner).equals(Optional.of(Role.OWNER)))
                        .orElseThrow(Reason.GROUP_EXISTS::refuse);
            }
            requireRoomForGroup(handle, owner);
            Group group = new Group(id, 1, profile, List.of(new Group.Member(owner, Role.OWNER)));
            store.put(handle, group);
            store.join(handle, id, owner);
            return group;
        });
    }

    /** The groups that somebody is in. */
    public List<Group> of(Id user) {
        return database.read(handle -> handle.inTransaction(snapshot -> store.groupsOf(snapshot, user).stream()
                .flatMap(id -> store.find(snapshot, id).stream())
                .sorted(Comparator.comparing(Group::id))
                .toList()));
    }

    /** A group as one of its members sees it; {@code not_found} for everybody else, and where there is none. */
    public Group show(Id user, String id) {
        return database.read(handle -> require(handle, user, id));
    }

    private Group require(Handle handle, Id user, String id) {
        if (!Group.isId(id)) {
            throw Reason.NOT_FOUND.refuse();
        }
        return store.find(handle, id).filter(group -> group.has(user)).orElseThrow(Reason.NOT_FOUND::refuse);
    }

    private static Role roleIn(Group group, Id user) {
        return group.roleOf(user).orElseThrow(() -> new IllegalStateException("was asked for as a member"));
    }

    private static void requireManager(Group group, Id user) {
        if (roleIn(group, user) == Role.MEMBER) {
            throw Reason.NOT_PERMITTED.refuse();
        }
    }

    private static void requireOwner(Group group, Id user) {
        if (roleIn(group, user) != Role.OWNER) {
            throw Reason.NOT_PERMITTED.refuse();
        }
    }

    /** Adds a connection of an owner's or admin's. */
    public Group add(Id actor, String id, Username name) {
        return database.write(handle -> {
            Group group = require(handle, actor, id);
            requireManager(group, actor);
            Id joiner = directory.find(handle, name).map(User::id).orElseGet(Id::random);
            if (group.has(joiner)) {
                throw Reason.ALREADY_MEMBER.refuse();
            }
            if (!connections.areConnected(handle, actor, joiner)) {
                throw Reason.NOT_CONNECTED.refuse();
            }
            return join(handle, group, joiner);
        });
    }

    /**
     * Lets somebody in who was invited, inside the caller's change; {@code not_found} where the group is gone or the one who
     * invited may not add anyone now.
     */
    public Group join(Handle handle, String id, Id inviter, Id joiner) {
        Group group = require(handle, inviter, id);
        if (roleIn(group, inviter) == Role.MEMBER) {
            throw Reason.NOT_FOUND.refuse();
        }
        if (group.has(joiner)) {
            throw Reason.ALREADY_MEMBER.refuse();
        }
        requireHere(handle, joiner);
        return join(handle, group, joiner);
    }

    /** Refuses unless this member may let others in. */
    public void requireMayInvite(Handle handle, Id user, String id) {
        requireManager(require(handle, user, id), user);
    }

    private Group join(Handle handle, Group group, Id joiner) {
        if (group.members().size() >= Limits.GROUP_MEMBERS_MAX) {
            throw Reason.TOO_MANY_MEMBERS.refuse();
        }
        requireRoomForGroup(handle, joiner);
        store.join(handle, group.id(), joiner);
        return change(handle, group.with(joiner, Role.MEMBER));
    }

    /** Leaves, or removes somebody whom one may remove. The last one to leave ends the group. */
    public void remove(Id actor, String id, Username name) {
        database.free(handle -> {
            Group group = require(handle, actor, id);
            Id leaver = directory.find(handle, name).map(User::id).orElseGet(Id::random);
            Role role = group.roleOf(leaver).orElseThrow(Reason.NOT_FOUND::refuse);
            if (!leaver.equals(actor)) {
                requireAbove(roleIn(group, actor), role);
            } else if (group.members().size() > 1 && !group.hasOwnerBeside(leaver)) {
                throw Reason.LAST_OWNER.refuse();
            }
            part(handle, group, leaver);
            announcements.removed(handle, id, leaver);
            return leaver;
        });
    }

    private static void requireAbove(Role actor, Role other) {
        boolean isAbove = actor == Role.OWNER ? other != Role.OWNER : actor == Role.ADMIN && other == Role.MEMBER;
        if (!isAbove) {
            throw Reason.NOT_PERMITTED.refuse();
        }
    }

    private void part(Handle handle, Group group, Id leaver) {
        store.leave(handle, group.id(), leaver);
        Group next = group.without(leaver);
        if (next.members().isEmpty()) {
            store.delete(handle, next);
        } else {
            change(handle, next.withAnOwner());
        }
    }

    /** An owner says what somebody may do; an owner's role nobody changes but that owner. */
    public Group setRole(Id actor, String id, Username name, Role role) {
        return database.write(handle -> {
            Group group = require(handle, actor, id);
            requireOwner(group, actor);
            Id member = directory.find(handle, name).map(User::id).orElseGet(Id::random);
            Role before = group.roleOf(member).orElseThrow(Reason.NOT_FOUND::refuse);
            if (before == role) {
                return group;
            }
            if (before == Role.OWNER && !member.equals(actor)) {
                throw Reason.NOT_PERMITTED.refuse();
            }
            if (before == Role.OWNER && !group.hasOwnerBeside(member)) {
                throw Reason.LAST_OWNER.refuse();
            }
            return change(handle, group.withRole(member, role));
        });
    }

    /**
     * Begins an epoch and hands each member the key that was sealed for them. Who is left out gets none.
     *
     * @param expected the epoch that the keys were made in; null where the caller does not care. A key for somebody who is not
     *     in the group is {@code stale_epoch} as well.
     * @param profile sealed anew; null leaves it
     */
    public Rekeyed rekey(
            Id actor, String id, Map<Username, String> keys, @Nullable Long expected, @Nullable String profile) {
        return database.write(handle -> {
            Group group = require(handle, actor, id);
            requireManager(group, actor);
            requireEpoch(group, expected);
            Username self = requireHere(handle, actor);
            Map<Id, String> byMember = new LinkedHashMap<>();
            keys.forEach((name, key) -> byMember.put(
                    directory
                            .find(handle, name)
                            .map(User::id)
                            .filter(group::has)
                            .orElseThrow(Reason.STALE_EPOCH::refuse),
                    key));
            Group next = change(handle, group.renewed(profile));
            int handed = 0;
            int full = 0;
            for (Map.Entry<Id, String> each : byMember.entrySet()) {
                if (announcements.key(handle, next, actor, self, each.getKey(), each.getValue())) {
                    handed++;
                } else {
                    full++;
                }
            }
            return new Rekeyed(next, handed, full);
        });
    }

    private static void requireEpoch(Group group, @Nullable Long epoch) {
        if (epoch != null && epoch != group.epoch()) {
            throw Reason.STALE_EPOCH.refuse();
        }
    }

    /** Ends a group. What was sent to it and waits, still waits. */
    public void delete(Id actor, String id) {
        database.free(handle -> {
            Group group = require(handle, actor, id);
            requireOwner(group, actor);
            store.delete(handle, group);
            group.members().forEach(member -> announcements.removed(handle, id, member.user()));
            return group;
        });
    }

    private Group change(Handle handle, Group next) {
        store.put(handle, next);
        announcements.changed(handle, next);
        return next;
    }

    /**
     * Sends an event to all others of a group, committed before anybody is shown it.
     *
     * @param epoch for which it was sealed; another is {@code stale_epoch}
     */
    public CompletableFuture<FanOut> send(
            Id sender,
            String id,
            long epoch,
            Kind kind,
            String payload,
            @Nullable String clientId,
            @Nullable Duration ttl) {
        // On this thread and not on the writer's: refuses what needs no change, and has the mailboxes read.
        queue.prepare(current(show(sender, id), epoch).others(sender));
        BiFunction<Handle, Group, GroupOffer> offer = (handle, group) -> new GroupOffer(
                sender, requireHere(handle, sender), id, group.others(sender), kind, payload, clientId, ttl);
        return queue.lineUp(
                payload,
                () -> database.writeLater(handle -> {
                    Group group = current(require(handle, sender, id), epoch);
                    return queue.offerToAll(handle, offer.apply(handle, group));
                }));
    }

    private static Group current(Group group, long epoch) {
        requireEpoch(group, epoch);
        return group;
    }

    @Override
    public void accountGone(Handle handle, Id user) {
        for (String id : store.groupsOf(handle, user)) {
            store.find(handle, id).ifPresent(group -> part(handle, group, user));
        }
    }

    private void requireRoomForGroup(Handle handle, Id user) {
        if (store.count(handle, user) >= Limits.GROUPS_PER_USER_MAX) {
            throw Reason.TOO_MANY_GROUPS.refuse();
        }
    }

    /** The name; {@code not_signed_in} when the account has just gone: nothing may be written for it then. */
    private Username requireHere(Handle handle, Id user) {
        return directory.byId(handle, user).map(User::name).orElseThrow(Reason.NOT_SIGNED_IN::refuse);
    }
}
