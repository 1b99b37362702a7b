// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import static org.handshaker.web.Access.USER;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.handshaker.core.Cost;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.web.Call;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.jspecify.annotations.Nullable;

/** Section 2 of the contract over HTTP. */
public final class DirectoryRoutes {
    private final Directory directory;
    private final Visibility visibility;

    public DirectoryRoutes(Directory directory, Visibility visibility) {
        this.directory = directory;
        this.visibility = visibility;
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/users/search", USER, this::search).costs(Cost.SEARCH),
                Route.get("/users/me", USER, this::showMe),
                Route.patch("/users/me", USER, this::changeMe).bodyMax(4_096),
                Route.get("/users/{username}", USER, this::show),
                Route.get("/users/{username}/public-key", USER, this::publicKey),
                Route.post("/users/public-keys", USER, this::publicKeys).costs(Cost.SEARCH));
    }

    record Found(List<Row> users) {
        record Row(String username, @Nullable String fingerprint) {}
    }

    record Shown(
            String username,
            @Nullable String pgpPublicKey,
            @Nullable String fingerprint,
            @Nullable String keyChangedAt,
            @Nullable Boolean online) {
        @Override
        public String toString() {
            return "Shown";
        }
    }

    record Me(
            String username,
            @Nullable String pgpPublicKey,
            @Nullable String fingerprint,
            @Nullable String keyChangedAt,
            boolean discoverable,
            boolean presenceVisible) {
        @Override
        public String toString() {
            return "Me";
        }
    }

    record Change(@Nullable Boolean discoverable, @Nullable Boolean presenceVisible) {}

    record PublicKey(String username, String pgpPublicKey, String fingerprint) {
        @Override
        public String toString() {
            return "PublicKey";
        }
    }

    record Wanted(List<String> usernames) {
        Wanted {
            if (usernames != null && usernames.size() > Limits.PUBLIC_KEYS_PER_CALL_MAX) {
                throw Reason.MALFORMED.refuse("At most 100 names in one call.");
            }
            if (usernames != null && usernames.stream().anyMatch(Objects::isNull)) {
                throw Reason.MALFORMED.refuse();
            }
        }
    }

    record PublicKeys(Map<String, @Nullable String> keys) {}

    private Reply search(Call call) {
        @Nullable String text = call.query("q");
        if (text == null) {
            throw Reason.MALFORMED.refuse("The query parameter q is missing.");
        }
        return Reply.ok(new Found(directory.search(text).stream()
                .map(user -> new Found.Row(user.name().at(), user.fingerprint()))
                .toList()));
    }

    private Reply show(Call call) {
        Profile profile = directory.profile(call.username("username"));
        User user = profile.user();
        return Reply.ok(new Shown(
                user.name().at(),
                profile.certificate(),
                user.fingerprint(),
                startOf(user.keyChangedOn()),
                visibility.online(call.user(), user.id()).orElse(null)));
    }

    private Reply showMe(Call call) {
        return me(directory.profile(call.user()));
    }

    private Reply changeMe(Call call) {
        Change change = call.body(Change.class);
        directory.change(call.user(), change.discoverable(), change.presenceVisible());
        return showMe(call);
    }

    private static Reply me(Profile profile) {
        User user = profile.user();
        return Reply.ok(new Me(
                user.name().at(),
                profile.certificate(),
                user.fingerprint(),
                startOf(user.keyChangedOn()),
                user.discoverable(),
                user.presenceVisible()));
    }

    /** Someone without a key and someone who does not exist answer alike. */
    private Reply publicKey(Call call) {
        Profile profile = directory.profile(call.username("username"));
        @Nullable String certificate = profile.certificate();
        @Nullable String fingerprint = profile.user().fingerprint();
        if (certificate == null || fingerprint == null) {
            throw Reason.NOT_FOUND.refuse();
        }
        return Reply.ok(new PublicKey(profile.user().name().at(), certificate, fingerprint));
    }

    private Reply publicKeys(Call call) {
        List<Username> wanted = call.body(Wanted.class).usernames().stream()
                .map(Username::parse)
                .toList();
        Map<String, @Nullable String> keys = new LinkedHashMap<>();
        directory.certificates(wanted).forEach((name, certificate) -> keys.put(name.at(), certificate));
        return Reply.ok(new PublicKeys(keys));
    }

    /** A day as the contract writes times: its first moment. */
    private static @Nullable String startOf(@Nullable LocalDate day) {
        return day == null ? null : day.atStartOfDay(ZoneOffset.UTC).toInstant().toString();
    }
}
