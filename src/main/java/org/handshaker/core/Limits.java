// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Every bound of the relay that is not a setting: a name, a unit, and a reason where the number does not speak for itself. */
public final class Limits {
    /** Longest JSON body where a route does not say otherwise. */
    public static final int BODY_BYTES_MAX = 8_192;
    /** A body where none is expected is read over and dropped up to here. */
    public static final int UNREAD_BODY_BYTES_MAX = 1_024;
    /** How far past its limit a body is drained, so that the 413 reaches a client that is still sending. */
    public static final int DRAIN_BYTES_MAX = 4 * 1_024 * 1_024;
    /** What is kept of all bodies that are not complete; past it one longer than {@link #BODY_BYTES_MAX} is refused. */
    public static final long BODIES_BYTES_MAX =
            Math.max(16 * 1_024 * 1_024, Runtime.getRuntime().maxMemory() / 8);
    /** A body must be complete by then, however slowly it drips. */
    public static final Duration BODY_WAIT = Duration.ofSeconds(60);

    public static final int JSON_DEPTH_MAX = 16;
    /** Longest name of a field, which Jackson remembers: twice as long as the longest that is understood. */
    public static final int JSON_NAME_CHARS_MAX = 64;
    /** Fields of a frame: twice as many as the largest has. */
    public static final int FRAME_FIELDS_MAX = 16;

    public static final int HEADER_BYTES_MAX = 8_192;
    /** Silence on a connection between requests or inside one. */
    public static final Duration CONNECTION_IDLE = Duration.ofSeconds(60);
    /** Open connections; one more waits in the kernel's backlog. */
    public static final int CONNECTIONS_MAX = 40_000;

    public static final int USERNAME_CHARS_MAX = 30;
    public static final int SEARCH_PREFIX_CHARS_MIN = 3;
    public static final int SEARCH_ROWS_MAX = 20;
    public static final int PUBLIC_KEYS_PER_CALL_MAX = 100;
    public static final int PGP_KEY_BYTES_MAX = 16_384;
    /** Room for a key whose line breaks JSON must escape, and the fields beside it. */
    public static final int PGP_BODY_BYTES_MAX = 65_536;

    /** One-time prekeys in one upload, of each kind, and waiting for one user. */
    public static final int PREKEYS_MAX = 100;
    /** One key or signature; the largest known is a signature of ML-DSA-65. */
    public static final int PREKEY_CHARS_MAX = 4_608;
    /** A hundred keys of each kind as large as kyber's, and the fields beside them. */
    public static final int PREKEYS_BODY_BYTES_MAX = 640 * 1_024;
    /** With fewer left of a kind, their owner is told. */
    public static final int PREKEYS_LOW = 20;
    /** Prekeys handed out that are known again, of each user and kind: ten full uploads. */
    public static final int PREKEYS_REMEMBERED_MAX = 1_000;
    /** How often one user may fetch the bundle of one other. */
    public static final Rate BUNDLES_PER_PAIR = new Rate(20, 20, Duration.ofHours(1));
    /** How many bundles of one user hold one-time prekeys, whoever asks; past it they come without. */
    public static final Rate ONE_TIME_PREKEYS_PER_OWNER = new Rate(200, 100, Duration.ofHours(1));
    /** Users, and pairs of users, whose fetching is counted at once. */
    public static final int BUNDLE_COUNTS_MAX = 100_000;
    /** Changes of one user's keys; a log that only grows must end somewhere, and a change each month for twenty years fits. */
    public static final int KEY_LOG_ENTRIES_MAX = 250;

    public static final int INTRO_CHARS_MAX = 2_048;
    public static final Duration REQUEST_LIFE = Duration.ofDays(7);
    public static final int REQUESTS_PENDING_MAX = 100;
    public static final int CONNECTIONS_PER_USER_MAX = 1_000;
    public static final int BLOCKS_PER_USER_MAX = 1_000;

    public static final int GROUP_MEMBERS_MAX = 256;
    /** Groups that one user is in. */
    public static final int GROUPS_PER_USER_MAX = 100;

    public static final int GROUP_PROFILE_CHARS_MAX = 8_192;
    public static final int SEALED_KEY_CHARS_MAX = 4_096;
    /** A profile with every character escaped, and the fields beside it. */
    public static final int GROUP_BODY_BYTES_MAX = 6 * GROUP_PROFILE_CHARS_MAX + 1_024;
    /** The same, and a sealed key for each member. */
    public static final int GROUP_EPOCH_BODY_BYTES_MAX =
            GROUP_BODY_BYTES_MAX + GROUP_MEMBERS_MAX * (SEALED_KEY_CHARS_MAX + 64);

    /** Of one user that are good at a time, and of the operator. */
    public static final int INVITES_PER_USER_MAX = 100;

    public static final int INVITE_USES_MAX = 100;
    public static final Duration INVITE_LIFE_MAX = Duration.ofDays(30);

    public static final int PAYLOAD_CHARS_MAX = 65_536;
    /** A payload of the longest kind, every character escaped as JSON allows or of three UTF-8 bytes, and the fields beside it. */
    public static final int EVENT_BODY_BYTES_MAX = 6 * PAYLOAD_CHARS_MAX + 4_096;

    public static final int EVENT_ID_CHARS_MAX = 128;
    public static final int QUEUE_EVENTS_MAX = 1_000;
    public static final int QUEUE_BYTES_MAX = 8 * 1_024 * 1_024;
    /** System events have room of their own, so that neither strangers nor a full queue crowd them out. */
    public static final int SYSTEM_EVENTS_MAX = 200;
    /** What one answer holds; a single larger event goes alone. */
    public static final int ANSWER_BYTES_MAX = 98_304;

    public static final int POLL_EVENTS_MAX = 100;
    public static final int POLL_WAIT_SECONDS_MAX = 30;
    /** Long-polls that may wait at once, all users together and for one user. */
    public static final int WAITERS_MAX = 20_000;

    public static final int WAITERS_PER_USER_MAX = 8;
    public static final int ACK_IDS_MAX = 1_000;

    /** Events pushed to one socket and not yet acked; the rest waits in the queue. */
    public static final int UNACKED_PER_SOCKET_MAX = 256;

    /** The same in bytes; one larger event goes alone. */
    public static final int UNACKED_BYTES_PER_SOCKET_MAX = 1_024 * 1_024;

    public static final int SOCKETS_PER_USER_MAX = 8;
    public static final int SOCKETS_MAX = 20_000;
    public static final int FRAME_BYTES_MAX = EVENT_BODY_BYTES_MAX;
    /** The first message of a socket that says who it is by that. */
    public static final int SIGN_IN_FRAME_BYTES_MAX = 4_096;
    /** A message in pieces must be complete by then, however slowly it drips. */
    public static final Duration MESSAGE_WAIT = Duration.ofSeconds(60);
    /** What all sockets together hold of messages that are not complete; past it whoever holds more than a share is closed. */
    public static final long BYTES_IN_ALL_MAX =
            Math.max(16L * FRAME_BYTES_MAX, Runtime.getRuntime().maxMemory() / 8);

    public static final int BYTES_IN_SHARE = 4_096;
    /** Frames under way to one socket; a reader slower than that is closed and comes back to its queue. */
    public static final int FRAMES_OUT_MAX = 1_024;

    /** Their bytes: a full window of the largest events, and no more, however often the client acks what it has not read. */
    public static final int BYTES_OUT_MAX = 8 * 1_024 * 1_024;
    /** The same to all sockets together; past it whoever holds more than a share is closed. */
    public static final long BYTES_OUT_ALL_MAX =
            Math.max(BYTES_OUT_MAX, Runtime.getRuntime().maxMemory() / 16);

    public static final int BYTES_OUT_SHARE = 256 * 1_024;
    /** A share past twice as much, when thousands hold one each: one frame of the ordinary sizes. */
    public static final int BYTES_OUT_LEAST = 8 * 1_024;
    /** What a frame under way takes beside its payload. */
    public static final int FRAME_OUT_BYTES = 256;

    public static final Duration SOCKET_SIGN_IN_WAIT = Duration.ofSeconds(10);
    public static final Duration SOCKET_PING = Duration.ofSeconds(25);
    public static final Duration SOCKET_IDLE = Duration.ofSeconds(60);
    /** For the other side to answer a close; then the connection is cut. */
    public static final Duration SOCKET_CLOSE_WAIT = Duration.ofSeconds(5);
    /** For all sockets of a stopping relay to answer their close. */
    public static final Duration GOODBYES_WAIT = Duration.ofMillis(1_500);
    /** Malformed frames in a minute that close a socket. */
    public static final int MALFORMED_FRAMES_MAX = 3;
    /** Frames refused as {@code too_fast} in a minute that close a socket; more than an honest client has under way. */
    public static final int TOO_FAST_FRAMES_MAX = 500;

    /** Rooms at once, and of one user: those they are in, by any socket, and those they made that nobody joined yet. */
    public static final int ROOMS_MAX = 20_000;

    public static final int ROOMS_PER_USER_MAX = 16;
    /** Public rooms at once: their list, with the longest topics, fits one answer. */
    public static final int PUBLIC_ROOMS_MAX = 256;

    public static final int TOPIC_CHARS_MAX = 80;
    /** How long a room that nobody has joined yet is there. */
    public static final Duration ROOM_WAIT = Duration.ofMinutes(5);
    /** Members of a room that an operator may allow; each signal is written to all of them. */
    public static final int ROOM_MEMBERS_MAX = 64;

    /** After a heartbeat its user is shown for that long, and for a random part of the jitter: not to the second, nor all at once. */
    public static final Duration HEARTBEAT_LIFE = Duration.ofSeconds(90);

    public static final Duration HEARTBEAT_JITTER = Duration.ofSeconds(30);
    /** Users who are shown by their heartbeat at once. */
    public static final int HEARTBEATS_MAX = 50_000;

    public static final Duration EVENT_TTL_MAX = Duration.ofDays(30);
    public static final int PUSH_ENDPOINT_CHARS_MAX = 1_024;
    /** Between two wake-ups of one user. */
    public static final Duration PUSH_INTERVAL_MIN = Duration.ofMinutes(1);
    /** Until a push service that failed is tried again, twice at most. */
    public static final Duration PUSH_RETRY_WAIT = Duration.ofMinutes(5);

    public static final Duration TURN_CREDENTIAL_LIFE = Duration.ofMinutes(10);

    /** Hashes that may wait for a core, strangers' and as many of known devices, and how long. */
    public static final int HASHES_WAITING_MAX = 64;

    public static final Duration HASH_WAIT = Duration.ofSeconds(2);

    /** Refusals as {@code too_fast} on one circuit within the window that have it closed; a client that waits as told has none. */
    public static final int CIRCUIT_REFUSALS_MAX = 100;

    public static final Duration CIRCUIT_REFUSALS_WINDOW = Duration.ofMinutes(1);
    /** How long such a circuit, where it lives on, waits for each further refusal: to refuse at full speed is work, too. */
    public static final Duration CIRCUIT_REFUSAL_WAIT = Duration.ofSeconds(1);

    /** Wrong passwords of strangers for one name before the next stranger pays with a puzzle, and where it costs most. */
    public static final int GUESSES_FREE = 20;

    public static final int GUESSES_DEAREST = 120;
    /** One wrong password is forgiven in each. */
    public static final Duration GUESS_FORGIVEN_AFTER = Duration.ofMinutes(1);
    /** Names whose guesses are counted at once. */
    public static final int GUESSED_NAMES_MAX = 100_000;

    /** Live resets that strangers together, and known devices together, can have of one name. */
    public static final int RESETS_PER_NAME_MAX = 1_000;

    /** Who asked for a code by mail and waits for it, strangers and as many known devices; the next are told the same and get none. */
    public static final int MAILS_WAITING_MAX = 256;
    /** The same, of those whose address is their account's, in line for the mail server, which tor makes slow. */
    public static final int MAILS_OUT_MAX = 64;
    /** How often one address gets a code that strangers asked for, and as often one that known devices asked for. */
    public static final Rate MAILS_PER_ADDRESS = new Rate(5, 5, Duration.ofHours(1));
    /** How often strangers together make the relay send one. */
    public static final Rate MAILS = new Rate(60, 10, Duration.ofMinutes(1));
    /** Addresses whose mails are counted at once. */
    public static final int MAILED_ADDRESSES_MAX = 20_000;
    /** A busy relay checks the address of who asked for a mail so often, and so much later each time. */
    public static final int MAIL_CHECKS_MAX = 20;

    public static final Duration MAIL_CHECK_WAIT = Duration.ofSeconds(5);

    /** Changes in line for the disk at which the next is refused. */
    public static final int CHANGES_WAITING_MAX = 8_192;
    /** Requests in line for a thread at which the relay is strained to the utmost. */
    public static final int REQUESTS_WAITING_STRAINED = 256;
    /** How much later a stranger hears a refusal for so many requests in line, and how much at most. */
    public static final Duration STRANGER_REFUSAL_WAIT = Duration.ofSeconds(1);

    public static final Duration STRANGER_REFUSAL_WAIT_MAX = Duration.ofSeconds(10);

    /** What the operator says to all, in one announcement. */
    public static final int ANNOUNCEMENT_CHARS_MAX = 1_000;
    /** Users who are told in one change of the store, so that nobody's change waits long behind it. */
    public static final int ANNOUNCEMENT_BATCH_USERS = 64;

    private Limits() {}

    /**
     * What may be under way to one socket.
     *
     * @param everywhere bytes under way to all sockets
     */
    public static int bytesOutMax(long everywhere) {
        if (everywhere <= BYTES_OUT_ALL_MAX) {
            return BYTES_OUT_MAX;
        }
        return everywhere <= 2 * BYTES_OUT_ALL_MAX ? BYTES_OUT_SHARE : BYTES_OUT_LEAST;
    }

    /** How often one account may, or one circuit before sign-in; null where it costs nothing. */
    public static @Nullable Rate rate(Cost cost) {
        return switch (cost) {
            case NOTHING -> null;
            case READ -> new Rate(300, 50, Duration.ofSeconds(1));
            case WRITE -> new Rate(200, 20, Duration.ofSeconds(1));
            case SEND -> new Rate(1_000, 200, Duration.ofSeconds(1));
            case ROOM -> new Rate(400, 100, Duration.ofSeconds(1));
            case FAN_OUT -> new Rate(200, 20, Duration.ofSeconds(1));
            case POLL -> new Rate(200, 20, Duration.ofSeconds(1));
            case SEARCH -> new Rate(60, 1, Duration.ofSeconds(1));
            case BUNDLE -> new Rate(120, 60, Duration.ofMinutes(1));
            case ASK -> new Rate(60, 6, Duration.ofMinutes(1));
            case SOCKET -> new Rate(30, 1, Duration.ofSeconds(1));
            case LOGIN -> new Rate(10, 10, Duration.ofMinutes(1));
            case REGISTER -> new Rate(5, 2, Duration.ofMinutes(1));
            case FORGOT -> new Rate(5, 2, Duration.ofMinutes(1));
            case ACCOUNT -> new Rate(30, 10, Duration.ofMinutes(1));
        };
    }

    /** How often the whole relay does it for strangers, where doing it is dear; null where it is not. */
    public static @Nullable Rate globalRate(Cost cost) {
        return switch (cost) {
            case LOGIN -> new Rate(400, 40, Duration.ofSeconds(1));
            case REGISTER, FORGOT -> new Rate(200, 20, Duration.ofSeconds(1));
            default -> null;
        };
    }
}
