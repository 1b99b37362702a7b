// SPDX-License-Identifier: MIT
package org.handshaker.admin;

import static org.handshaker.web.Access.USER;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.handshaker.auth.Auth;
import org.handshaker.core.Config.PuzzleMode;
import org.handshaker.core.Config.Registration;
import org.handshaker.core.Cost;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Secret;
import org.handshaker.guard.Puzzle;
import org.handshaker.web.Call;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.handshaker.web.Wiped;
import org.jspecify.annotations.Nullable;

/**
 * The operator's calls, on the operator's socket and with the operator's token. They run other features' rules and have none
 * of their own. What they set holds until the relay stops; only suspensions, deletions
 * and invites are kept.
 */
public final class AdminRoutes {
    private final Supplier<Status> status;
    private final Auth auth;
    private final Puzzle puzzle;
    private final Inviting inviting;
    private final Announcement announcement;
    private final Whole relay;

    public AdminRoutes(
            Supplier<Status> status,
            Auth auth,
            Puzzle puzzle,
            Inviting inviting,
            Announcement announcement,
            Whole relay) {
        this.status = status;
        this.auth = auth;
        this.puzzle = puzzle;
        this.inviting = inviting;
        this.announcement = announcement;
        this.relay = relay;
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/admin/status", USER, call -> Reply.ok(status.get())).costs(Cost.NOTHING),
                Route.put("/admin/registration", USER, this::register).costs(Cost.NOTHING),
                Route.put("/admin/puzzle", USER, this::price).costs(Cost.NOTHING),
                Route.post("/admin/invites", USER, this::invite).costs(Cost.NOTHING),
                Route.put("/admin/suspensions/{username}", USER, this::suspend).costs(Cost.NOTHING),
                Route.delete("/admin/suspensions/{username}", USER, this::lift).costs(Cost.NOTHING),
                Route.delete("/admin/accounts/{username}", USER, this::deleteAccount)
                        .costs(Cost.NOTHING),
                Route.post("/admin/announcement", USER, this::announce).costs(Cost.NOTHING),
                Route.post("/admin/drain", USER, this::drain).costs(Cost.NOTHING),
                Route.post("/admin/panic", USER, this::panic).costs(Cost.NOTHING));
    }

    record RegistrationChange(String registration) {}

    record PuzzleChange(String puzzle, @Nullable Integer doublings) {
        PuzzleChange {
            if (doublings != null && (doublings < 0 || doublings > Puzzle.DOUBLINGS_MAX)) {
                throw Reason.MALFORMED.refuse("A price is doubled 0 to " + Puzzle.DOUBLINGS_MAX + " times.");
            }
        }
    }

    record Invite(long uses, long expiresIn) {
        Invite {
            if (uses < 1 || uses > Limits.INVITE_USES_MAX) {
                throw Reason.MALFORMED.refuse("An invite has 1 to " + Limits.INVITE_USES_MAX + " uses.");
            }
            if (expiresIn < 1 || expiresIn > Limits.INVITE_LIFE_MAX.toSeconds()) {
                throw Reason.MALFORMED.refuse("An invite lives for 1 second to 30 days.");
            }
        }
    }

    record Invited(char[] invite, String expiresAt) implements Wiped {
        @Override
        public void wipe() {
            Arrays.fill(invite, '\0');
        }

        @Override
        public String toString() {
            return "Invited";
        }
    }

    record Announced(String text) {
        Announced {
            if (text.isBlank() || text.length() > Limits.ANNOUNCEMENT_CHARS_MAX) {
                throw Reason.MALFORMED.refuse(
                        "An announcement has 1 to " + Limits.ANNOUNCEMENT_CHARS_MAX + " characters.");
            }
        }
    }

    /** What a relay does that has been drained. */
    enum Then {
        /** Ends. */
        END,
        /** Stays as it is, refusing everybody with {@code shutting_down}. */
        STAY
    }

    record Drain(String then) {}

    private Reply register(Call call) {
        auth.registration(
                oneOf(Registration.class, call.body(RegistrationChange.class).registration()));
        return Reply.noContent();
    }

    private Reply price(Call call) {
        PuzzleChange body = call.body(PuzzleChange.class);
        int doublings = body.doublings() == null ? 0 : body.doublings();
        puzzle.terms(new Puzzle.Terms(oneOf(PuzzleMode.class, body.puzzle()), doublings));
        return Reply.noContent();
    }

    private Reply invite(Call call) {
        Invite body = call.body(Invite.class);
        Inviting.Made made = inviting.make((int) body.uses(), Duration.ofSeconds(body.expiresIn()));
        try (Secret token = made.token()) {
            return Reply.secret(201, new Invited(token.chars(), made.expiresAt().toString()));
        }
    }

    private Reply suspend(Call call) {
        auth.suspensions().suspend(call.username("username"));
        return Reply.noContent();
    }

    private Reply lift(Call call) {
        auth.suspensions().lift(call.username("username"));
        return Reply.noContent();
    }

    private Reply deleteAccount(Call call) {
        auth.delete(call.username("username"));
        return Reply.noContent();
    }

    private Reply announce(Call call) {
        if (relay.isDrained()) {
            throw Reason.SHUTTING_DOWN.refuse();
        }
        announcement.begin(call.body(Announced.class).text());
        return Reply.accepted(announcement.progress());
    }

    private Reply drain(Call call) {
        Then then = oneOf(Then.class, call.body(Drain.class).then());
        relay.drain();
        return then == Then.END ? Reply.noContent().andThen(relay::end) : Reply.noContent();
    }

    private Reply panic(Call call) {
        relay.destroy();
        return Reply.noContent().andThen(relay::end);
    }

    private static <E extends Enum<E>> E oneOf(Class<E> type, String text) {
        for (E one : type.getEnumConstants()) {
            if (one.name().toLowerCase(Locale.ROOT).equals(text)) {
                return one;
            }
        }
        String words = Arrays.stream(type.getEnumConstants())
                .map(one -> one.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        throw Reason.MALFORMED.refuse("There is no such word here; it is one of " + words + ".");
    }
}
