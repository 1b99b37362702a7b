// SPDX-License-Identifier: MIT
package org.handshaker.groups;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Vault;
import org.handshaker.groups.Group.Member;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** The SQL of {@code groups} and {@code memberships}, and the only place that seals and opens them. */
final class GroupStore {
    /** A row's length tells how many are in a group only so roughly. */
    private static final int STEP_BYTES = 512;

    private final Vault vault;

    GroupStore(Vault vault) {
        this.vault = vault;
    }

    Optional<Group> find(Handle handle, String id) {
        byte[] blind = blind(id);
        return handle.createQuery("SELECT sealed FROM groups WHERE id_blind = :blind")
                .bind("blind", blind)
                .mapTo(byte[].class)
                .findOne()
                .map(stored -> group(id, vault.open(stored, "group", blind)));
    }

    void put(Handle handle, Group group) {
        byte[] blind = blind(group.id());
        handle.createUpdate(
                        """
                        INSERT INTO groups (id_blind, sealed) VALUES (:blind, :sealed)
                        ON CONFLICT (id_blind) DO UPDATE SET sealed = excluded.sealed
                        """)
                .bind("blind", blind)
                .bind("sealed", vault.seal(bytes(group), "group", blind))
                .execute();
    }

    void delete(Handle handle, Group group) {
        group.members().forEach(member -> leave(handle, group.id(), member.user()));
        handle.createUpdate("DELETE FROM groups WHERE id_blind = :blind")
                .bind("blind", blind(group.id()))
                .execute();
    }

    void join(Handle handle, String id, Id user) {
        byte[] pair = pair(id, user);
        handle.createUpdate("INSERT INTO memberships (pair, member, group_sealed) VALUES (:pair, :member, :group)")
                .bind("pair", pair)
                .bind("member", member(user))
                .bind("group", vault.seal(id, "membership.group", pair))
                .execute();
    }

    void leave(Handle handle, String id, Id user) {
        handle.createUpdate("DELETE FROM memberships WHERE pair = :pair")
                .bind("pair", pair(id, user))
                .execute();
    }

    List<String> groupsOf(Handle handle, Id user) {
        return handle.createQuery("SELECT pair, group_sealed FROM memberships WHERE member = :member")
                .bind("member", member(user))
                .map((row, context) ->
                        vault.openText(row.getBytes("group_sealed"), "membership.group", row.getBytes("pair")))
                .list();
    }

    int count(Handle handle, Id user) {
        return handle.createQuery("SELECT count(*) FROM memberships WHERE member = :member")
                .bind("member", member(user))
                .mapTo(Integer.class)
                .one();
    }

    private static byte[] bytes(Group group) {
        @Nullable String profile = group.profile();
        byte[] text = profile == null ? new byte[0] : profile.getBytes(StandardCharsets.UTF_8);
        int size = Long.BYTES + 2 * Integer.BYTES + group.members().size() * (Id.BYTES + 1) + text.length;
        ByteBuffer bytes = ByteBuffer.allocate((size / STEP_BYTES + 1) * STEP_BYTES);
        bytes.putLong(group.epoch());
        bytes.putInt(group.members().size());
        for (Member member : group.members()) {
            bytes.put(member.user().bytes()).put(member.role().code());
        }
        bytes.putInt(profile == null ? -1 : text.length);
        bytes.put(text);
        return bytes.array();
    }

    private static Group group(String id, byte[] plain) {
        ByteBuffer bytes = ByteBuffer.wrap(plain);
        long epoch = bytes.getLong();
        int count = bytes.getInt();
        List<Member> members = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            byte[] user = new byte[Id.BYTES];
            bytes.get(user);
            members.add(new Member(Id.of(user), Role.of(bytes.get())));
        }
        int length = bytes.getInt();
        if (length < 0) {
            return new Group(id, epoch, null, members);
        }
        byte[] text = new byte[length];
        bytes.get(text);
        return new Group(id, epoch, new String(text, StandardCharsets.UTF_8), members);
    }

    private byte[] blind(String id) {
        return vault.blind("group", utf8(id));
    }

    private byte[] pair(String id, Id user) {
        return vault.blind("membership.pair", user.bytes(), utf8(id));
    }

    private byte[] member(Id user) {
        return vault.blind("membership.member", user.bytes());
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
