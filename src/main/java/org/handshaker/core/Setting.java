// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.util.Locale;
import java.util.Optional;

/**
 * Every setting of the relay: its option ({@code --name}), its variable ({@code HANDSHAKER_NAME}), its key in a properties
 * file ({@code name}), its default, and what it takes. The help text, the parser and the operator's page are made from this
 * list alone. Secrets are never settings: only the files that hold them.
 */
public enum Setting {
    LISTEN("127.0.0.1:8480", "IP:PORT or unix:PATH", "Where to listen; port 0 takes a free one"),
    LOCAL(
            "",
            "IP:PORT of this machine or unix:PATH",
            "A second door without tor's line, for this machine alone, where --listen is tor's"),
    EXPOSE(
            "off",
            "on or off",
            "DANGER: lets --listen be an address that other machines reach, without Tor and in clear text"),
    DATA("~/.local/share/handshaker", "directory", "Database and onion keys; made private to this user"),
    KEY_FILE(
            "~/.config/handshaker/master.key",
            "file, 32 bytes, mode 0600; - to be asked for it",
            "The master key; a file is created on the first start. Without it the database cannot be read"),
    RATCHET_FILE(
            "",
            "file; not set: beside the key file, or with --key-file - beside the data directory, with .ratchet added to its name",
            "What the keys of waiting events are made from, and forgotten by, hour by hour; never copy it"),
    DEAD_MAN(
            "0s",
            "0s, or 1d to 365d",
            "DANGER: destroys key and data when nobody has said \"handshaker alive\" for so long; 0s never"),
    TOR(
            "managed",
            "none, managed, control or torrc",
            "How to be an onion: no Tor, a tor of its own, an existing tor, or your torrc"),
    TOR_BINARY("tor", "file or name", "The tor program for --tor managed"),
    TOR_EXTRA("", "file", "Lines to add to the managed tor's torrc"),
    TOR_CONTROL("127.0.0.1:9051", "IP:PORT or unix:PATH", "ControlPort of the existing tor for --tor control"),
    TOR_CONTROL_PASSWORD_FILE(
            "", "file", "The password of that tor's HashedControlPassword; without it, its cookie is read"),
    TOR_SOCKS(
            "",
            "IP:PORT or unix:PATH of this machine; not set: the tor's own with --tor managed and control, none with torrc",
            "SOCKS port of the tor by which the relay goes out: to look at itself from outside, wake devices and send recovery mail. A tor of the system's has 127.0.0.1:9050"),
    SELF_PROBE(
            "5m",
            "0s, or 5s to 1d",
            "How often the relay looks at itself from outside, through Tor; 0s never. /health tells what it sees"),
    ONION("", "56 characters and .onion", "The relay's own address, where --tor torrc cannot tell it"),
    REGISTRATION("open", "open, invite or closed", "Who may register"),
    PASSWORD_MIN("12", "8 to 128 characters", "Shortest password"),
    ARGON2("m=65536,t=3,p=1", "m 1024 to 1048576 KiB, t 1 to 16, p 1 to 8", "Cost of a password hash (Argon2id)"),
    ACCESS_TTL("300s", "30s to 3600s", "Life of an access token"),
    REFRESH_TTL("30d", "1h to 365d", "Life of a session that is not used"),
    IDENTITY_TTL(
            "180d",
            "0s, or 1d to 3650d",
            "Life of an identity that nobody uses, with all it owns, in whole days; 0s for ever"),
    LINGER("2s", "0s to 30s", "How long an event may stay in memory only, waiting for its ack; 0s stores every event"),
    SIGNAL_TTL("120s", "1s to 1h", "Life of an unread signal"),
    EVENT_TTL("14d", "1s to 30d", "Life of an unread message"),
    ROOM_MEMBERS("10", "2 to 64", "Most members of a room"),
    PADDING("on", "on or off", "Pads answers and frames to size buckets"),
    PUZZLE(
            "auto",
            "off, auto or always",
            "Proof of work before register, login and forgot; auto asks under strain only"),
    LIMITS("on", "on or off", "DANGER: off removes rates and admission; for benchmarks, only with --tor none"),
    TURN_URL("", "turn:HOST[:PORT]?transport=tcp, comma between several", "TURN servers to hand out"),
    TURN_SECRET_FILE("", "file", "The secret shared with coturn (static-auth-secret)"),
    STUN_URL(
            "",
            "stun:HOST[:PORT], comma between several",
            "STUN servers to hand out; they see clients' addresses, so none by default"),
    PUSH_DELAY(
            "5s",
            "0s to 10m",
            "How old an unread event must be for a wake-up, which goes out through Tor only (Web Push, UnifiedPush)"),
    PUSH_CONTACT(
            "",
            "mailto:ADDRESS or https://PAGE",
            "What push services are told about how to reach the operator; some demand it, none by default"),
    MAIL_SERVER(
            "",
            "smtps://HOST[:PORT], or smtp://HOST[:PORT] for STARTTLS, which an onion does without",
            "Turns on recovery mail, off by default: the mail server that takes codes, through Tor only"),
    MAIL_FROM("", "ADDRESS", "The sender of those mails; needed with --mail-server"),
    MAIL_USER("", "1 to 256 characters without control characters", "The name to sign in to that mail server with"),
    MAIL_PASSWORD_FILE("", "file, one line, mode 0600", "The password to that name"),
    CORS_ORIGINS("", "origins, comma between several", "Web origins that may call the relay from a browser"),
    ADMIN("", "unix:PATH", "A socket for the operator, open to the relay's user alone; the command admin speaks to it"),
    RESTORED(
            "off",
            "on or off",
            "Say it once after putting back a copy of the data directory: gives the queues a new epoch");

    private final String fallback;
    private final String takes;
    private final String meaning;

    Setting(String fallback, String takes, String meaning) {
        this.fallback = fallback;
        this.takes = takes;
        this.meaning = meaning;
    }

    /** {@code key-file}: the option without its dashes and the key in a file. */
    public String key() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public String variable() {
        return "HANDSHAKER_" + name();
    }

    /** The default; empty means not set. */
    public String fallback() {
        return fallback;
    }

    /** The form and bounds of a value, for a person. */
    public String takes() {
        return takes;
    }

    public String meaning() {
        return meaning;
    }

    public static Optional<Setting> ofKey(String key) {
        for (Setting setting : values()) {
            if (setting.key().equals(key)) {
                return Optional.of(setting);
            }
        }
        return Optional.empty();
    }
}
