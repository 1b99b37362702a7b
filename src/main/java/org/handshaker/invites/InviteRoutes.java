// SPDX-License-Identifier: MIT
package org.handshaker.invites;

import static org.handshaker.web.Access.USER;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Secret;
import org.handshaker.groups.Group;
import org.handshaker.invites.Invite.Kind;
import org.handshaker.web.Call;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.handshaker.web.Wiped;
import org.jspecify.annotations.Nullable;

/** The invites of section 5 of the contract over HTTP; the one to register is a field of registering. */
public final class InviteRoutes {
    private final Invites invites;

    public InviteRoutes(Invites invites) {
        this.invites = invites;
    }

    public List<Route> routes() {
        return List.of(
                Route.post("/invites", USER, this::make).bodyMax(4_096),
                Route.get("/invites", USER, this::list),
                Route.delete("/invites/{invite_id}", USER, this::revoke),
                Route.post("/invites/redeem", USER, this::redeem)
                        .costs(Cost.ASK)
                        .bodyMax(4_096));
    }

    record Making(String kind, @Nullable String groupId, long uses, long expiresIn) {
        Making {
            if (uses < 1 || uses > Limits.INVITE_USES_MAX) {
                throw Reason.MALFORMED.refuse("An invite has 1 to " + Limits.INVITE_USES_MAX + " uses.");
            }
            if (expiresIn < 1 || expiresIn > Limits.INVITE_LIFE_MAX.toSeconds()) {
                throw Reason.MALFORMED.refuse("An invite lives for 1 second to 30 days.");
            }
        }
    }

    record Made(char[] invite, String inviteId, String expiresAt) implements Wiped {
        @Override
        public void wipe() {
            Arrays.fill(invite, '\0');
        }

        @Override
        public String toString() {
            return "Made";
        }
    }

    record Listed(List<Row> invites) {
        record Row(String inviteId, String kind, @Nullable String groupId, int usesLeft, String expiresAt) {
            @Override
            public String toString() {
                return "Row";
            }
        }
    }

    record Redeeming(char[] invite) implements Wiped {
        @Override
        public void wipe() {
            Arrays.fill(invite, '\0');
        }

        @Override
        public String toString() {
            return "Redeeming";
        }
    }

    record Redeemed(String kind, String username, @Nullable String groupId, @Nullable Long epoch) {}

    private Reply make(Call call) {
        Making body = call.body(Making.class);
        try (Invites.Made made = invites.make(
                call.user(),
                Kind.parse(body.kind()),
                body.groupId(),
                (int) body.uses(),
                Duration.ofSeconds(body.expiresIn()))) {
            return Reply.secret(
                    201,
                    new Made(
                            made.token().chars(),
                            made.invite().id().text(),
                            made.invite().expiresAt().toString()));
        }
    }

    private Reply list(Call call) {
        return Reply.ok(new Listed(invites.of(call.user()).stream()
                .map(invite -> new Listed.Row(
                        invite.id().text(),
                        invite.kind().text(),
                        invite.group(),
                        invite.usesLeft(),
                        invite.expiresAt().toString()))
                .toList()));
    }

    private Reply revoke(Call call) {
        invites.revoke(call.user(), Id.parse(call.path("invite_id")));
        return Reply.noContent();
    }

    private Reply redeem(Call call) {
        Invites.Redeemed redeemed;
        try (Secret token = Secret.of(call.body(Redeeming.class).invite())) {
            redeemed = invites.redeem(call.user(), token);
        }
        @Nullable Group group = redeemed.group();
        return Reply.ok(new Redeemed(
                redeemed.kind().text(),
                redeemed.inviter().at(),
                group == null ? null : group.id(),
                group == null ? null : group.epoch()));
    }
}
