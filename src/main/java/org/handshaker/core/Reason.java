// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.util.Locale;
import java.util.Map;

/** Every way the relay refuses. The lower-case name is the stable {@code code} that clients read; it never changes. */
public enum Reason {
    MALFORMED(400, "Malformed request", "The request could not be read."),
    BAD_USERNAME(400, "Bad username", "A username is 3 to 30 of a-z, 0-9 and _."),
    BAD_PASSWORD(400, "Bad password", "The password is too short or too long."),
    BAD_PGP_KEY(400, "Bad PGP key", "This is not one usable public OpenPGP certificate."),
    SECRET_KEY(400, "Secret key", "This is a secret key. Send the public certificate only; nothing was stored."),
    USER_ID_REVEALS_EMAIL(400, "User id reveals an e-mail address", "A user id of this key holds an e-mail address."),
    MAIL_DISABLED(400, "Recovery mail is off", "This relay keeps no recovery mail."),
    BAD_EMAIL(400, "Bad e-mail address", "This is not a plain e-mail address."),
    BAD_ENDPOINT(
            400,
            "Bad endpoint",
            "An endpoint is https to a public name, or an onion; its keys are a P-256 point and 16 bytes."),
    NOT_WITH_YOURSELF(400, "Not with yourself", "This cannot be done with yourself."),
    NOT_SIGNED_IN(401, "Not signed in", "Sign in first."),
    BAD_CREDENTIALS(401, "Bad credentials", "The username or the password is wrong."),
    BAD_OTP(401, "Bad code", "The code is wrong, used up or expired."),
    SESSION_REVOKED(401, "Session revoked", "This session has ended. Sign in again."),
    PUZZLE_REQUIRED(401, "Puzzle required", "Solve the puzzle and send the call again."),
    NOT_CONNECTED(403, "Not connected", "There is no accepted connection with this user."),
    REGISTRATION_CLOSED(403, "Registration closed", "This relay takes no new users."),
    INVITE_REQUIRED(403, "Invite required", "This relay takes new users by invite only."),
    NOT_PERMITTED(403, "Not permitted", "Your role in this group does not allow this."),
    ORIGIN_REFUSED(403, "Origin refused", "This origin may not open a socket here."),
    NOT_FOUND(404, "Not found", "There is nothing here."),
    METHOD_NOT_ALLOWED(405, "Method not allowed", "This path does not know this method."),
    USERNAME_TAKEN(409, "Username taken", "Someone has this name already."),
    ALREADY_REQUESTED(409, "Already requested", "A request to this user is pending."),
    ALREADY_CONNECTED(409, "Already connected", "You are connected with this user."),
    ALREADY_MEMBER(409, "Already a member", "This user is in the group."),
    GROUP_EXISTS(409, "Group exists", "There is a group of that name."),
    LAST_OWNER(409, "Last owner", "A group needs an owner. Make somebody else one first, or delete the group."),
    STALE_EPOCH(409, "Stale epoch", "The group has changed since. Look at it and seal again."),
    STALE_QUEUE_EPOCH(409, "Stale queue epoch", "The queue was restored since. Poll again without an ack."),
    KEY_ALREADY_PENDING(409, "Key change pending", "A key change is pending. Withdraw it first."),
    TOO_LARGE(413, "Too large", "The body is over the limit of this call."),
    UNSUPPORTED_MEDIA_TYPE(415, "Unsupported media type", "Send application/json."),
    MISDIRECTED(421, "Misdirected request", "This relay does not answer to that host name."),
    TOO_FAST(429, "Too fast", "Slow down."),
    QUEUE_FULL(429, "Queue full", "The queue has no room. Try again when it was read."),
    TOO_MANY_REQUESTS_PENDING(429, "Too many requests pending", "Too many connection requests are unanswered."),
    TOO_MANY_CONNECTIONS(429, "Too many connections", "One of the two has no room for another connection."),
    TOO_MANY_BLOCKS(429, "Too many blocks", "The list of blocked users is full."),
    TOO_MANY_MEMBERS(429, "Too many members", "The group has no room for another member."),
    TOO_MANY_GROUPS(429, "Too many groups", "One of the two has no room for another group."),
    TOO_MANY_INVITES(429, "Too many invites", "There is no room for another invite. Take one back first."),
    TOO_MANY_KEY_CHANGES(429, "Too many key changes", "The log of this account's keys is full."),
    TOO_MANY_SOCKETS(429, "Too many sockets", "This user has too many open sockets."),
    TOO_MANY_ROOMS(429, "Too many rooms", "There is no room for another room."),
    ROOM_FULL(429, "Room full", "This room has no place left."),
    HEADERS_TOO_LARGE(431, "Head too large", "The request line and its headers are over the limit."),
    INTERNAL(500, "Internal error", "The relay failed. Nothing about it was recorded."),
    BUSY(503, "Busy", "The relay is at its limit. Try again soon."),
    SHUTTING_DOWN(503, "Shutting down", "The relay is stopping. Try again soon."),
    STORAGE_FULL(
            507,
            "Storage full",
            "The relay has no room to store this. Reading, acknowledging and deleting still work.");

    private final int status;
    private final String title;
    private final String detail;

    Reason(int status, String title, String detail) {
        this.status = status;
        this.title = title;
        this.detail = detail;
    }

    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** HTTP status. */
    public int status() {
        return status;
    }

    public String title() {
        return title;
    }

    public String detail() {
        return detail;
    }

    public Refused refuse() {
        return refuse(detail);
    }

    /** Refuses with a sentence of the relay's own; never pass a client's text. */
    public Refused refuse(String ownDetail) {
        return new Refused(this, ownDetail, defaultRetryAfterSeconds(), Map.of());
    }

    public Refused refuseFor(int retryAfterSeconds) {
        return new Refused(this, detail, Math.max(1, retryAfterSeconds), Map.of());
    }

    /** Refuses with further members in the problem document. */
    public Refused refuseWith(Map<String, Object> members) {
        return new Refused(this, detail, defaultRetryAfterSeconds(), members);
    }

    private int defaultRetryAfterSeconds() {
        return switch (status) {
            case 429, 503, 507 -> 1;
            default -> 0;
        };
    }
}
