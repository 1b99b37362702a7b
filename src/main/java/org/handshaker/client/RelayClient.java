// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.handshaker.core.Reason;
import org.handshaker.core.Secrets;
import org.handshaker.core.Username;
import org.jspecify.annotations.Nullable;

/**
 * One person at one relay. Register or log in once; from then on the access token is renewed before it ends, a puzzle is
 * solved when the relay asks for one, and every refusal is a {@link RelayRefused}. Calls block and may be made from many
 * threads. The carrier belongs to the caller, who closes it.
 */
public final class RelayClient {
    private static final int PUZZLES_MAX = 3;

    private final Carrier carrier;
    private final Object renewing = new Object();
    private volatile @Nullable Tokens tokens;
    /** Outlives signing out: the next sign-in to the same account goes ahead of strangers. */
    private volatile @Nullable Device device;

    private record Device(String username, @Nullable String token) {
        @Override
        public String toString() {
            return "Device";
        }
    }

    public RelayClient(Carrier carrier) {
        this.carrier = carrier;
    }

    Carrier carrier() {
        return carrier;
    }

    /** {@code ok}, {@code degraded} or {@code starting}. */
    public String health() {
        return call("GET", "/health", null, null).text("status");
    }

    // --- sign-in

    /** Registers and is signed in; the ten recovery codes are answered this once. */
    public List<String> register(String username, String password) {
        Answer answer = asking("/auth/register", credentials(username, password));
        signedInAs(Tokens.of(answer, System.nanoTime(), null));
        return answer.texts("recovery_codes");
    }

    /** Registers where the relay takes new users by invite only. */
    public List<String> register(String username, String password, String invite) {
        Map<String, Object> body = credentials(username, password);
        body.put("invite", invite);
        Answer answer = asking("/auth/register", body);
        signedInAs(Tokens.of(answer, System.nanoTime(), null));
        return answer.texts("recovery_codes");
    }

    public void login(String username, String password) {
        Map<String, Object> body = credentials(username, password);
        @Nullable Device known = device;
        // Another account's would do nothing here but tell that the two share a device.
        if (known != null && known.token != null && known.username.equals(at(username))) {
            body.put("device_token", known.token);
        }
        signedInAs(Tokens.of(asking("/auth/login", body), System.nanoTime(), null));
    }

    private void signedInAs(Tokens fresh) {
        tokens = fresh;
        device = new Device(fresh.username(), fresh.device());
    }

    private static String at(String username) {
        return (username.startsWith("@") ? username : "@" + username).toLowerCase(Locale.ROOT);
    }

    /** Fetches a new pair of tokens now. */
    public void refresh() {
        renew(signedIn());
    }

    public void logout() {
        signedIn("POST", "/auth/logout", Map.of());
        tokens = null;
    }

    public void logoutEverywhere() {
        signedIn("POST", "/auth/logout", Map.of("everywhere", true));
        tokens = null;
    }

    public void changePassword(String current, String next) {
        signedIn("PUT", "/auth/password", Map.of("current_password", current, "new_password", next));
    }

    /** Codes for a forgotten password may go to this address; the relay keeps no more of it than a hash. */
    public void setRecoveryEmail(String password, String address) {
        signedIn("PUT", "/auth/recovery-email", Map.of("password", password, "recovery_email", address));
    }

    public void clearRecoveryEmail(String password) {
        signedIn("DELETE", "/auth/recovery-email", Map.of("password", password));
    }

    /**
     * Asks for a code to set a new password with. It comes encrypted to the account's key and, where the address is the
     * account's, by mail; the answer is the same for everyone.
     *
     * @param recoveryEmail null to ask for no mail
     */
    public Forgotten forgotPassword(String username, @Nullable String recoveryEmail) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("username", username);
        if (recoveryEmail != null) {
            body.put("recovery_email", recoveryEmail);
        }
        @Nullable Device known = device;
        if (known != null && known.token != null && known.username.equals(at(username))) {
            body.put("device_token", known.token);
        }
        Answer answer = asking("/auth/forgot-password", body);
        return new Forgotten(answer.text("reset_id"), answer.text("challenge"));
    }

    /** Sets a new password with the code that {@link #forgotPassword} caused; every session is over. */
    public void resetPassword(String username, Forgotten forgotten, String code, String newPassword) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("username", username);
        body.put("reset_id", forgotten.resetId());
        body.put("otp", code);
        body.put("new_password", newPassword);
        asking("/auth/reset-password", body);
        tokens = null;
    }

    /** Deletes the account and all that hangs on it. */
    public void deleteAccount(String password) {
        signedIn("DELETE", "/auth/account", Map.of("password", password));
        tokens = null;
        device = null;
    }

    public boolean isSignedIn() {
        return tokens != null;
    }

    // --- directory

    public List<Person> search(String start) {
        String query = URLEncoder.encode(start, StandardCharsets.UTF_8);
        return signedIn("GET", "/users/search?q=" + query, null).objects("users").stream()
                .map(Person::of)
                .toList();
    }

    public Person show(String username) {
        return Person.of(signedIn("GET", "/users/" + bare(username), null));
    }

    /**
     * Leaves keys for others to seal with while one is away.
     *
     * @param upload {@code identity_key}, {@code signed_prekey}, {@code one_time_prekeys} and the rest, as the protocol has it
     * @return how many one-time prekeys wait now
     */
    public long publishPrekeys(Map<String, ?> upload) {
        return signedIn("PUT", "/users/me/prekeys", upload).number("remaining");
    }

    /** One's own one-time prekeys that wait. */
    public long prekeysLeft() {
        return signedIn("GET", "/users/me/prekeys", null).number("remaining");
    }

    /** Somebody's bundle; the one-time prekey in it is nobody else's. Each call takes another one. */
    public PrekeyBundle prekeys(String username) {
        return PrekeyBundle.of(signedIn("GET", "/users/" + at(username) + "/prekeys", null));
    }

    /**
     * The log of a connection's key changes, or of one's own, checked.
     *
     * @param seen the head of the log when one looked last; null the first time
     * @throws KeyLogBroken when it is not whole, or not a continuation of what was seen
     */
    public KeyHistory keyLog(String username, @Nullable String seen) {
        KeyHistory history = KeyHistory.of(signedIn("GET", "/users/" + at(username) + "/key-log", null));
        if (!history.user().at().equals(at(username))) {
            throw new KeyLogBroken("The log is somebody else's.");
        }
        history.check(seen);
        return history;
    }

    // --- connections

    public Approach request(String username) {
        return Approach.of(signedIn("POST", "/connections/request", Map.of("to_user", username)));
    }

    public Approach.Pending pending() {
        Answer answer = signedIn("GET", "/connections/pending", null);
        return new Approach.Pending(
                answer.objects("incoming").stream().map(Approach::of).toList(),
                answer.objects("outgoing").stream().map(Approach::of).toList());
    }

    /** {@code action} is {@code accept}, {@code decline} or {@code block}. */
    public Approach respond(String requestId, String action) {
        Map<String, Object> body = Map.of("request_id", requestId, "action", action);
        return Approach.of(signedIn("POST", "/connections/respond", body));
    }

    public List<Person> connections() {
        return signedIn("GET", "/connections", null).objects("connections").stream()
                .map(Person::of)
                .toList();
    }

    public void disconnect(String username) {
        signedIn("DELETE", "/connections/" + bare(username), null);
    }

    public void block(String username) {
        signedIn("PUT", "/connections/blocks/" + bare(username), null);
    }

    public void unblock(String username) {
        signedIn("DELETE", "/connections/blocks/" + bare(username), null);
    }

    public List<String> blocked() {
        return signedIn("GET", "/connections/blocks", null).texts("blocked");
    }

    // --- groups

    /** Makes a group of which one is the owner. A lost answer is asked for again: the id is chosen here. */
    public GroupView.Row createGroup(@Nullable String sealedProfile) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("group_id", newId());
        if (sealedProfile != null) {
            body.put("sealed_profile", sealedProfile);
        }
        try {
            return GroupView.Row.of(signedIn("POST", "/groups", body));
        } catch (RelayUnreachable lost) {
            return GroupView.Row.of(signedIn("POST", "/groups", body));
        }
    }

    public List<GroupView.Row> groups() {
        return signedIn("GET", "/groups", null).objects("groups").stream()
                .map(GroupView.Row::of)
                .toList();
    }

    public GroupView group(String groupId) {
        return GroupView.of(signedIn("GET", "/groups/" + groupId, null));
    }

    /** Adds a connection; answers the new epoch. */
    public long addMember(String groupId, String username) {
        return signedIn("POST", "/groups/" + groupId + "/members", Map.of("username", username))
                .number("epoch");
    }

    /** Removes a member, or leaves. */
    public void removeMember(String groupId, String username) {
        signedIn("DELETE", "/groups/" + groupId + "/members/" + at(username), null);
    }

    /** {@code role} is {@code owner}, {@code admin} or {@code member}; answers the new epoch. */
    public long setRole(String groupId, String username, String role) {
        return signedIn("PUT", "/groups/" + groupId + "/members/" + at(username), Map.of("role", role))
                .number("epoch");
    }

    /**
     * Begins an epoch and hands each member the key sealed for them.
     *
     * @param groupEpoch in which the keys were made
     */
    public GroupView.HandedRound rekey(String groupId, Map<String, String> sealedKeys, long groupEpoch) {
        Map<String, Object> body = Map.of("sealed_keys", sealedKeys, "group_epoch", groupEpoch);
        return GroupView.HandedRound.of(signedIn("POST", "/groups/" + groupId + "/epoch", body), groupEpoch);
    }

    public void deleteGroup(String groupId) {
        signedIn("DELETE", "/groups/" + groupId, null);
    }

    /** Sends to all others of a group, for the epoch for which it was sealed. */
    public GroupView.HandedRound sendToGroup(String groupId, long groupEpoch, String kind, String payload) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("group", groupId);
        body.put("group_epoch", groupEpoch);
        body.put("kind", kind);
        body.put("payload", payload);
        body.put("id", newId());
        try {
            return GroupView.HandedRound.of(signedIn("POST", "/events", body), groupEpoch);
        } catch (RelayUnreachable lost) {
            return GroupView.HandedRound.of(signedIn("POST", "/events", body), groupEpoch);
        }
    }

    // --- invites

    /**
     * Makes an invite and answers its token, which is shown this once. In a link, put a secret of one's own into the fragment:
     * it never reaches the relay.
     *
     * @param kind {@code register}, {@code connection} or {@code group}
     * @param groupId for the last of these, else null
     */
    public String invite(String kind, @Nullable String groupId, int uses, Duration life) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("kind", kind);
        if (groupId != null) {
            body.put("group_id", groupId);
        }
        body.put("uses", uses);
        body.put("expires_in", life.toSeconds());
        return signedIn("POST", "/invites", body).text("invite");
    }

    /** The ids of one's own invites that are good. */
    public List<String> invites() {
        return signedIn("GET", "/invites", null).objects("invites").stream()
                .map(invite -> invite.text("invite_id"))
                .toList();
    }

    public void revokeInvite(String inviteId) {
        signedIn("DELETE", "/invites/" + inviteId, null);
    }

    public Invited redeem(String invite) {
        return Invited.of(signedIn("POST", "/invites/redeem", Map.of("invite", invite)));
    }

    // --- queue and signaling

    /** Sends a signal: an offer, answer, candidate or their kin. */
    public Receipt signal(String toUser, String kind, String payload) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("to_user", toUser);
        body.put("type", kind);
        body.put("encrypted_payload", payload);
        body.put("id", newId());
        return sending("/signaling/send", body);
    }

    /** Sends any event. */
    public Receipt send(String toUser, String kind, String payload) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("to_user", toUser);
        body.put("kind", kind);
        body.put("payload", payload);
        body.put("id", newId());
        return sending("/events", body);
    }

    /** Signals only; what {@code poll} acknowledges is removed before the relay looks for more. */
    public Events signals(Poll poll) {
        return poll("/signaling/poll", poll, "messages");
    }

    /** The whole queue, messages and the relay's own news included. */
    public Events events(Poll poll) {
        return poll("/events", poll, "events");
    }

    public long ack(long upToSeq, Object epoch) {
        return signedIn("POST", "/events/ack", Map.of("up_to", upToSeq, "epoch", epoch))
                .number("removed");
    }

    /** Drops one's own pending signals. */
    public long clearSignals() {
        return signedIn("DELETE", "/signaling/clear", null).number("deleted");
    }

    public IceServers iceServers() {
        return IceServers.of(signedIn("GET", "/signaling/ice-servers", null));
    }

    // --- rooms and presence

    /** Makes a room that only whoever is told its id can find; join it over the socket, soon. */
    public String makeRoom() {
        return signedIn("POST", "/rooms", null).text("room");
    }

    /** Makes a room that everybody can find. */
    public String makePublicRoom(String topic) {
        Map<String, Object> wish = new LinkedHashMap<>();
        wish.put("topic", topic);
        wish.put("public", true);
        return signedIn("POST", "/rooms", wish).text("room");
    }

    public List<PublicRoom> publicRooms() {
        return signedIn("GET", "/rooms?public=true", null).objects("rooms").stream()
                .map(PublicRoom::of)
                .toList();
    }

    /** How many are in a room that one is in oneself. */
    public long roomMembers(String room) {
        return signedIn("GET", "/rooms/" + room, null).number("members");
    }

    /**
     * Shows this person to their connections while no socket is open: {@code online}, {@code away} or {@code invisible}.
     *
     * @return seconds for which it holds
     */
    public long heartbeat(String status) {
        return signedIn("POST", "/presence/heartbeat", Map.of("status", status)).number("expires_in");
    }

    /** Opens this person's socket; the token travels in the header. */
    public RelaySocket socket(RelaySocket.Listener listener) {
        return RelaySocket.open(carrier, fresh().access(), RelaySocket.Greeting.HEADER, listener);
    }

    /** Opens this person's socket the way a browser must, which cannot set a header: the token is the first frame. */
    public RelaySocket socketByFrame(RelaySocket.Listener listener) {
        return RelaySocket.open(carrier, fresh().access(), RelaySocket.Greeting.FRAME, listener);
    }

    // --- how a call is made

    private Events poll(String path, Poll poll, String list) {
        Duration patience = Duration.ofSeconds(poll.waitSeconds());
        return Events.of(signedIn("GET", path + poll.query(), null, patience), list);
    }

    /** An event carries an id of its sender's, so a try whose answer was lost is made again and is still one event. */
    private Receipt sending(String path, Map<String, Object> body) {
        try {
            return Receipt.of(signedIn("POST", path, body));
        } catch (RelayUnreachable lost) {
            return Receipt.of(signedIn("POST", path, body));
        }
    }

    private Answer signedIn(String method, String path, @Nullable Object body) {
        return signedIn(method, path, body, Duration.ZERO);
    }

    private Answer signedIn(String method, String path, @Nullable Object body, Duration patience) {
        Tokens current = fresh();
        try {
            return carrier.call(method, path, current.access(), body, patience);
        } catch (RelayRefused refused) {
            // A token can end early: the relay restarted with another key, or this machine slept.
            if (!refused.code().equals(Reason.NOT_SIGNED_IN.code())) {
                throw refused;
            }
            return carrier.call(method, path, renew(current).access(), body, patience);
        }
    }

    /** An open call that the relay may answer with a puzzle first, and with a dearer one while strain rises. */
    private Answer asking(String path, Map<String, Object> body) {
        for (int solved = 0; ; solved++) {
            try {
                return call("POST", path, null, body);
            } catch (RelayRefused refused) {
                if (!refused.code().equals(Reason.PUZZLE_REQUIRED.code()) || solved == PUZZLES_MAX) {
                    throw refused;
                }
                Answer problem = new Answer(refused.members());
                body.put(
                        "puzzle",
                        PuzzleSolver.solve(Optional.ofNullable(problem.objectIfAny("puzzle"))
                                .orElse(problem)));
            }
        }
    }

    private Answer call(String method, String path, @Nullable String bearer, @Nullable Object body) {
        return carrier.call(method, path, bearer, body, Duration.ZERO);
    }

    private Tokens signedIn() {
        @Nullable Tokens current = tokens;
        if (current == null) {
            throw new IllegalStateException("register or log in first");
        }
        return current;
    }

    private Tokens fresh() {
        Tokens current = signedIn();
        return current.stale(System.nanoTime()) ? renew(current) : current;
    }

    /** One renewal at a time: a refresh token used twice looks like a theft and ends the session. */
    private Tokens renew(Tokens worn) {
        synchronized (renewing) {
            Tokens current = signedIn();
            if (!current.refresh().equals(worn.refresh())) {
                return current;
            }
            Map<String, Object> body = Map.of("refresh_token", current.refresh(), "retry_id", newId());
            Answer answer;
            try {
                answer = call("POST", "/auth/refresh", null, body);
            } catch (RelayUnreachable lost) {
                // The answer may have been lost on the way: the same retry_id gets the same pair again.
                answer = call("POST", "/auth/refresh", null, body);
            }
            Tokens renewed = Tokens.of(answer, System.nanoTime(), current);
            tokens = renewed;
            return renewed;
        }
    }

    private static Map<String, Object> credentials(String username, String password) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("username", username);
        body.put("password", password);
        return body;
    }

    private static String bare(String username) {
        return Username.parse(username).bare();
    }

    private static String newId() {
        return Secrets.base64Url(Secrets.randomBytes(16));
    }

    /** Neither the person nor the tokens. */
    @Override
    public String toString() {
        return "RelayClient";
    }
}
