// SPDX-License-Identifier: MIT
package org.handshaker.groups;

import static org.handshaker.web.Access.USER;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.web.Call;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.jspecify.annotations.Nullable;

/** The groups of section 5 of the contract over HTTP; sending to them is with all other sending. */
public final class GroupRoutes {
    private final Groups groups;
    private final Directory directory;

    public GroupRoutes(Groups groups, Directory directory) {
        this.groups = groups;
        this.directory = directory;
    }

    public List<Route> routes() {
        return List.of(
                Route.post("/groups", USER, this::create).bodyMax(Limits.GROUP_BODY_BYTES_MAX),
                Route.get("/groups", USER, this::list),
                Route.get("/groups/{group_id}", USER, this::show),
                Route.delete("/groups/{group_id}", USER, this::delete).costs(Cost.FAN_OUT),
                Route.post("/groups/{group_id}/members", USER, this::add)
                        .costs(Cost.FAN_OUT)
                        .bodyMax(4_096),
                Route.put("/groups/{group_id}/members/{username}", USER, this::setRole)
                        .costs(Cost.FAN_OUT)
                        .bodyMax(4_096),
                Route.delete("/groups/{group_id}/members/{username}", USER, this::remove)
                        .costs(Cost.FAN_OUT),
                Route.post("/groups/{group_id}/epoch", USER, this::rekey)
                        .costs(Cost.FAN_OUT)
                        .bodyMax(Limits.GROUP_EPOCH_BODY_BYTES_MAX));
    }

    record Creation(@Nullable String groupId, @Nullable String sealedProfile) {
        Creation {
            requireProfile(sealedProfile);
        }
    }

    record Listed(List<Row> groups) {
        record Row(String groupId, long epoch, String role) {}
    }

    record Shown(List<Member> members, long epoch, @Nullable String sealedProfile) {
        record Member(String username, String role) {}
    }

    record Joining(String username) {}

    record RoleChange(String role) {}

    record Changed(String groupId, long epoch) {}

    record Rekeying(Map<String, String> sealedKeys, @Nullable Long groupEpoch, @Nullable String sealedProfile) {
        Rekeying {
            requireProfile(sealedProfile);
            if (sealedKeys != null) {
                if (sealedKeys.size() > Limits.GROUP_MEMBERS_MAX) {
                    throw Reason.MALFORMED.refuse("There are not so many members.");
                }
                sealedKeys.values().forEach(Rekeying::requireKey);
            }
        }

        private static void requireKey(@Nullable String key) {
            if (key == null
                    || key.isEmpty()
                    || key.length() > Limits.SEALED_KEY_CHARS_MAX
                    || !key.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
                throw Reason.MALFORMED.refuse(
                        "A sealed key is 1 to " + Limits.SEALED_KEY_CHARS_MAX + " characters of ASCII without blanks.");
            }
        }
    }

    record Rekeyed(String groupId, long epoch, int members, int membersFull) {}

    private static void requireProfile(@Nullable String profile) {
        if (profile != null
                && (profile.length() > Limits.GROUP_PROFILE_CHARS_MAX
                        || !StandardCharsets.UTF_8.newEncoder().canEncode(profile))) {
            throw Reason.MALFORMED.refuse(
                    "A sealed_profile is valid Unicode of at most " + Limits.GROUP_PROFILE_CHARS_MAX + " characters.");
        }
    }

    private Reply create(Call call) {
        Creation body = call.bodyIfAny(Creation.class).orElseGet(() -> new Creation(null, null));
        Group group = groups.create(call.user(), body.groupId(), body.sealedProfile());
        return Reply.created(new Listed.Row(group.id(), group.epoch(), role(group, call.user())));
    }

    private Reply list(Call call) {
        return Reply.ok(new Listed(groups.of(call.user()).stream()
                .map(group -> new Listed.Row(group.id(), group.epoch(), role(group, call.user())))
                .toList()));
    }

    private static String role(Group group, Id user) {
        return group.roleOf(user).orElse(Role.MEMBER).text();
    }

    private Reply show(Call call) {
        Group group = groups.show(call.user(), call.path("group_id"));
        List<Shown.Member> members = group.members().stream()
                .flatMap(member -> directory.name(member.user()).stream()
                        .map(name -> new Shown.Member(name.at(), member.role().text())))
                .toList();
        return Reply.ok(new Shown(members, group.epoch(), group.profile()));
    }

    private Reply delete(Call call) {
        groups.delete(call.user(), call.path("group_id"));
        return Reply.noContent();
    }

    private Reply add(Call call) {
        Username name = Username.parse(call.body(Joining.class).username());
        return changed(groups.add(call.user(), call.path("group_id"), name));
    }

    private Reply setRole(Call call) {
        Role role = Role.parse(call.body(RoleChange.class).role());
        return changed(groups.setRole(call.user(), call.path("group_id"), call.username("username"), role));
    }

    private static Reply changed(Group group) {
        return Reply.ok(new Changed(group.id(), group.epoch()));
    }

    private Reply remove(Call call) {
        groups.remove(call.user(), call.path("group_id"), call.username("username"));
        return Reply.noContent();
    }

    private Reply rekey(Call call) {
        Rekeying body = call.body(Rekeying.class);
        Map<Username, String> keys = new LinkedHashMap<>();
        body.sealedKeys().forEach((name, key) -> {
            if (keys.put(Username.parse(name), key) != null) {
                throw Reason.MALFORMED.refuse("A member is named twice.");
            }
        });
        Groups.Rekeyed done =
                groups.rekey(call.user(), call.path("group_id"), keys, body.groupEpoch(), body.sealedProfile());
        return Reply.ok(new Rekeyed(done.group().id(), done.group().epoch(), done.handed(), done.full()));
    }
}
