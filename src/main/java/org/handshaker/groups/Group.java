// SPDX-License-Identifier: MIT
package org.handshaker.groups;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Secrets;
import org.jspecify.annotations.Nullable;

/**
 * A group as it is in one epoch.
 *
 * @param id its name, 16 to 64 characters of base64url
 * @param epoch rises by one with every change
 * @param profile opaque, sealed by its members
 * @param members in the order in which they came
 */
public record Group(String id, long epoch, @Nullable String profile, List<Member> members) {
    static final int ID_CHARS_MIN = 16;
    static final int ID_CHARS_MAX = 64;

    public record Member(Id user, Role role) {}

    public Group {
        members = List.copyOf(members);
    }

    /** An id that its maker has chosen, or a new one. */
    static String id(@Nullable String chosen) {
        if (chosen == null) {
            return Secrets.base64Url(Secrets.randomBytes(Id.BYTES));
        }
        if (!isId(chosen)) {
            throw Reason.MALFORMED.refuse("A group_id is 16 to 64 characters of A-Z, a-z, 0-9, - and _.");
        }
        return chosen;
    }

    /** Whether there can be such a group. */
    static boolean isId(String text) {
        return text.length() >= ID_CHARS_MIN
                && text.length() <= ID_CHARS_MAX
                && text.chars()
                        .allMatch(c -> (c >= 'a' && c <= 'z')
                                || (c >= 'A' && c <= 'Z')
                                || (c >= '0' && c <= '9')
                                || c == '-'
                                || c == '_');
    }

    Optional<Role> roleOf(Id user) {
        return members.stream()
                .filter(member -> member.user().equals(user))
                .map(Member::role)
                .findFirst();
    }

    boolean has(Id user) {
        return roleOf(user).isPresent();
    }

    /** All but one. */
    List<Id> others(Id user) {
        return members.stream()
                .map(Member::user)
                .filter(each -> !each.equals(user))
                .toList();
    }

    boolean hasOwnerBeside(Id user) {
        return members.stream()
                .anyMatch(
                        member -> member.role() == Role.OWNER && !member.user().equals(user));
    }

    Group with(Id user, Role role) {
        List<Member> next = new ArrayList<>(members);
        next.add(new Member(user, role));
        return new Group(id, epoch + 1, profile, next);
    }

    Group without(Id user) {
        List<Member> next =
                members.stream().filter(member -> !member.user().equals(user)).toList();
        return new Group(id, epoch + 1, profile, next);
    }

    Group withRole(Id user, Role role) {
        return new Group(id, epoch + 1, profile, replaced(user, role));
    }

    /** In the same epoch: an owner must be there before the change that brings it is over. */
    Group withAnOwner() {
        if (members.stream().anyMatch(member -> member.role() == Role.OWNER)) {
            return this;
        }
        Id heir = members.stream()
                .filter(member -> member.role() == Role.ADMIN)
                .findFirst()
                .orElseGet(() -> members.get(0))
                .user();
        return new Group(id, epoch, profile, replaced(heir, Role.OWNER));
    }

    private List<Member> replaced(Id user, Role role) {
        return members.stream()
                .map(member -> member.user().equals(user) ? new Member(user, role) : member)
                .toList();
    }

    /** @param next null leaves the profile as it is */
    Group renewed(@Nullable String next) {
        return new Group(id, epoch + 1, next == null ? profile : next, members);
    }

    @Override
    public String toString() {
        return "Group";
    }
}
