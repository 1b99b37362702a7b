// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The settings as values, checked once at start. A bad one is {@link Unusable}: one sentence that names the option. */
public final class Config {
    private static final Pattern MAIL_SERVER = Pattern.compile("smtps?://([a-z0-9.-]{1,240})(?::(\\d{1,5}))?");
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)?");

    /** How the relay is an onion. */
    public enum Tor {
        NONE,
        MANAGED,
        CONTROL,
        TORRC
    }

    /** Who may register. */
    public enum Registration {
        OPEN,
        INVITE,
        CLOSED
    }

    /** When a proof of work is asked for. */
    public enum PuzzleMode {
        OFF,
        AUTO,
        ALWAYS
    }

    private final Map<Setting, String> values = new EnumMap<>(Setting.class);
    private final Path home;
    private final boolean isKeyFileNamed;

    /**
     * Checks everything.
     *
     * @param given what the operator set; the rest has its default
     * @param home what {@code ~} stands for
     */
    public Config(Map<Setting, String> given, Path home) {
        this.home = home;
        this.isKeyFileNamed = given.containsKey(Setting.KEY_FILE);
        for (Setting setting : Setting.values()) {
            String value = given.getOrDefault(setting, setting.fallback());
            values.put(setting, value.strip());
        }
        check();
    }

    private void check() {
        boolean mayBeExposed = isOn(Setting.EXPOSE);
        if (!listen().isLocal() && !mayBeExposed) {
            throw bad(
                    Setting.LISTEN,
                    "is not a loopback address or Unix socket; other machines would reach it without Tor");
        }
        Tor tor = tor();
        if (!limitsAreOn() && tor != Tor.NONE) {
            throw bad(Setting.LIMITS, "may be off only with --tor none");
        }
        data();
        keyFile();
        ratchetFile();
        deadMan();
        passwordMin();
        accessTtl();
        refreshTtl();
        identityTtl();
        linger();
        signalTtl();
        eventTtl();
        roomMembers();
        registration();
        puzzle();
        isOn(Setting.PADDING);
        isOn(Setting.RESTORED);
        onion();
        torControl();
        torControlPasswordFile();
        torSocks();
        selfProbe();
        pushDelay();
        pushContact();
        mail();
        admin();
        local();
        if (!turnUrls().isEmpty() && turnSecretFile().isEmpty()) {
            throw bad(Setting.TURN_URL, "needs --turn-secret-file");
        }
        if (turnUrls().isEmpty() && turnSecretFile().isPresent()) {
            throw bad(Setting.TURN_SECRET_FILE, "needs --turn-url, without which nobody is told of a TURN server");
        }
        turnUrls().forEach(url -> requireForm(Setting.TURN_URL, url, "turns?:[^\\s,]+"));
        stunUrls().forEach(url -> requireForm(Setting.STUN_URL, url, "stuns?:[^\\s,]+"));
        corsOrigins().forEach(origin -> requireForm(Setting.CORS_ORIGINS, origin, "https?://[^\\s,/*]+"));
    }

    public Listen listen() {
        return listen(Setting.LISTEN);
    }

    private Listen listen(Setting setting) {
        try {
            return Listen.parse(text(setting));
        } catch (Unusable unusable) {
            throw bad(setting, "is wrong. " + unusable.sentence().replaceFirst("\\.$", ""));
        }
    }

    public Path data() {
        return path(Setting.DATA);
    }

    /** Whether the master key lies in no file that the relay could read, but is typed or piped in. */
    public boolean isKeyTyped() {
        return text(Setting.KEY_FILE).equals("-");
    }

    /** Whether the operator has said where the master key lies, or that it is typed. */
    public boolean isKeyFileNamed() {
        return isKeyFileNamed;
    }

    /** Where the master key lies, or would lie if it were not typed. */
    public Path keyFile() {
        return isKeyTyped() ? path(Setting.KEY_FILE, Setting.KEY_FILE.fallback()) : path(Setting.KEY_FILE);
    }

    /**
     * Where the ratchet's chain belongs. Not in the data directory unless somebody insists: a copy of that must not hold it. Where
     * there is no key file that could be this relay's alone, beside the data directory, which is.
     */
    public Path ratchetFile() {
        return pathIfSet(Setting.RATCHET_FILE).orElseGet(this::usualRatchetFile);
    }

    /** Where the chain belongs, or would belong if nobody had named a place for it. */
    public Path usualRatchetFile() {
        return ratchetBeside(isKeyTyped() ? data() : keyFile());
    }

    /** Whether the operator has said where the chain lies. */
    public boolean isRatchetFileNamed() {
        return !text(Setting.RATCHET_FILE).isEmpty();
    }

    /** Where an earlier version put the chain of every relay whose key is typed; it may be another one's. */
    public Optional<Path> earlierRatchetFile() {
        return isKeyTyped() && !isRatchetFileNamed() ? Optional.of(ratchetBeside(keyFile())) : Optional.empty();
    }

    /** The chain's place for a relay with this key file or data directory. */
    public static Path ratchetBeside(Path file) {
        return file.resolveSibling(file.getFileName() + ".ratchet");
    }

    /** How long the operator may be silent before the relay destroys itself; zero: for ever. */
    public Duration deadMan() {
        return noneOrDays(Setting.DEAD_MAN, 365);
    }

    /** How long an identity may be idle; zero: for ever. */
    public Duration identityTtl() {
        return noneOrDays(Setting.IDENTITY_TTL, 3_650);
    }

    private Duration noneOrDays(Setting setting, int daysMax) {
        Duration given = duration(setting, Duration.ZERO, Duration.ofDays(daysMax));
        if (!given.isZero() && given.compareTo(Duration.ofDays(1)) < 0) {
            throw bad(setting, "takes " + setting.takes());
        }
        return given;
    }

    public Tor tor() {
        return oneOf(Setting.TOR, Tor.class);
    }

    public String torBinary() {
        return text(Setting.TOR_BINARY);
    }

    public Optional<Path> torExtra() {
        return pathIfSet(Setting.TOR_EXTRA);
    }

    public Listen torControl() {
        return listen(Setting.TOR_CONTROL);
    }

    public Optional<Path> torControlPasswordFile() {
        return pathIfSet(Setting.TOR_CONTROL_PASSWORD_FILE);
    }

    /** {@code IP:PORT} or {@code unix:PATH}, on this machine. */
    public Optional<String> torSocks() {
        if (text(Setting.TOR_SOCKS).isEmpty()) {
            return Optional.empty();
        }
        Listen socks = listen(Setting.TOR_SOCKS);
        if (!socks.isLocal()) {
            throw bad(Setting.TOR_SOCKS, "is not an address of this machine");
        }
        return Optional.of(socks.toString());
    }

    /** Zero: never. */
    public Duration selfProbe() {
        Duration period = duration(Setting.SELF_PROBE, Duration.ZERO, Duration.ofDays(1));
        if (!period.isZero() && period.compareTo(Duration.ofSeconds(5)) < 0) {
            throw bad(Setting.SELF_PROBE, "takes " + Setting.SELF_PROBE.takes());
        }
        return period;
    }

    public Optional<String> onion() {
        String onion = text(Setting.ONION);
        if (onion.isEmpty()) {
            return Optional.empty();
        }
        requireForm(Setting.ONION, onion, "[a-z2-7]{56}\\.onion");
        return Optional.of(onion);
    }

    public Registration registration() {
        return oneOf(Setting.REGISTRATION, Registration.class);
    }

    public int passwordMin() {
        return number(Setting.PASSWORD_MIN, 8, 128);
    }

    /** As written; {@code auth} reads it. */
    public String argon2() {
        return text(Setting.ARGON2);
    }

    public Duration accessTtl() {
        return duration(Setting.ACCESS_TTL, Duration.ofSeconds(30), Duration.ofHours(1));
    }

    public Duration refreshTtl() {
        return duration(Setting.REFRESH_TTL, Duration.ofHours(1), Duration.ofDays(365));
    }

    public Duration linger() {
        return duration(Setting.LINGER, Duration.ZERO, Duration.ofSeconds(30));
    }

    public Duration signalTtl() {
        return duration(Setting.SIGNAL_TTL, Duration.ofSeconds(1), Duration.ofHours(1));
    }

    public Duration eventTtl() {
        return duration(Setting.EVENT_TTL, Duration.ofSeconds(1), Limits.EVENT_TTL_MAX);
    }

    public int roomMembers() {
        return number(Setting.ROOM_MEMBERS, 2, Limits.ROOM_MEMBERS_MAX);
    }

    public Duration pushDelay() {
        return duration(Setting.PUSH_DELAY, Duration.ZERO, Duration.ofMinutes(10));
    }

    /** RFC 8292, section 2.1. */
    public Optional<String> pushContact() {
        String contact = text(Setting.PUSH_CONTACT);
        if (!contact.isEmpty() && !contact.matches("mailto:[!-~]+@[!-~]+|https://[!-~]+")) {
            throw bad(Setting.PUSH_CONTACT, "takes " + Setting.PUSH_CONTACT.takes());
        }
        return contact.isEmpty() ? Optional.empty() : Optional.of(contact);
    }

    private void mail() {
        boolean isOn = mailServer().isPresent();
        if (isOn && mailFrom().isEmpty()) {
            throw bad(Setting.MAIL_SERVER, "needs --mail-from");
        }
        if (isOn && torSocks().isEmpty() && (tor() == Tor.NONE || tor() == Tor.TORRC)) {
            throw bad(Setting.MAIL_SERVER, "needs --tor-socks, which is the only way out");
        }
        if (!isOn && mailFrom().isPresent()) {
            throw bad(Setting.MAIL_FROM, "needs --mail-server, without which no mail is sent");
        }
        if (!isOn && (mailUser().isPresent() || mailPasswordFile().isPresent())) {
            throw bad(
                    mailUser().isPresent() ? Setting.MAIL_USER : Setting.MAIL_PASSWORD_FILE,
                    "needs --mail-server, without which no mail is sent");
        }
        if (mailUser().isPresent() != mailPasswordFile().isPresent()) {
            throw bad(Setting.MAIL_USER, "and --mail-password-file need each other");
        }
    }

    /** {@code smtps://HOST[:PORT]} or {@code smtp://HOST[:PORT]}, a name and never an address; empty: no recovery mail. */
    public Optional<URI> mailServer() {
        String server = text(Setting.MAIL_SERVER);
        if (server.isEmpty()) {
            return Optional.empty();
        }
        Matcher parts = MAIL_SERVER.matcher(server);
        if (!parts.matches() || !isPort(parts.group(2))) {
            throw bad(Setting.MAIL_SERVER, "takes " + Setting.MAIL_SERVER.takes());
        }
        try {
            // A name is one that could stand behind an @.
            MailAddress.parse(("x@" + parts.group(1)).toCharArray());
        } catch (Refused noName) {
            throw bad(Setting.MAIL_SERVER, "takes " + Setting.MAIL_SERVER.takes());
        }
        return Optional.of(URI.create(server));
    }

    private static boolean isPort(@Nullable String port) {
        return port == null || (Integer.parseInt(port) >= 1 && Integer.parseInt(port) <= 65_535);
    }

    public Optional<MailAddress> mailFrom() {
        String from = text(Setting.MAIL_FROM);
        try {
            return from.isEmpty() ? Optional.empty() : Optional.of(MailAddress.parse(from.toCharArray()));
        } catch (Refused noAddress) {
            throw bad(Setting.MAIL_FROM, "takes " + Setting.MAIL_FROM.takes());
        }
    }

    public Optional<String> mailUser() {
        String user = text(Setting.MAIL_USER);
        if (user.length() > 256 || user.chars().anyMatch(Character::isISOControl)) {
            throw bad(Setting.MAIL_USER, "takes " + Setting.MAIL_USER.takes());
        }
        return user.isEmpty() ? Optional.empty() : Optional.of(user);
    }

    public Optional<Path> mailPasswordFile() {
        return pathIfSet(Setting.MAIL_PASSWORD_FILE);
    }

    public boolean pads() {
        return isOn(Setting.PADDING);
    }

    public PuzzleMode puzzle() {
        return oneOf(Setting.PUZZLE, PuzzleMode.class);
    }

    public boolean limitsAreOn() {
        return isOn(Setting.LIMITS);
    }

    /** The operator's socket. */
    public Optional<Listen> admin() {
        if (text(Setting.ADMIN).isEmpty()) {
            return Optional.empty();
        }
        requireForm(Setting.ADMIN, text(Setting.ADMIN), "unix:.+");
        return Optional.of(listen(Setting.ADMIN));
    }

    /** The door for this machine, beside tor's. */
    public Optional<Listen> local() {
        if (text(Setting.LOCAL).isEmpty()) {
            return Optional.empty();
        }
        Listen local = listen(Setting.LOCAL);
        if (!local.isLocal()) {
            throw bad(Setting.LOCAL, "is not an address of this machine alone");
        }
        return Optional.of(local);
    }

    public List<String> turnUrls() {
        return list(Setting.TURN_URL);
    }

    public Optional<Path> turnSecretFile() {
        return pathIfSet(Setting.TURN_SECRET_FILE);
    }

    public List<String> stunUrls() {
        return list(Setting.STUN_URL);
    }

    public List<String> corsOrigins() {
        return list(Setting.CORS_ORIGINS);
    }

    public boolean isRestored() {
        return isOn(Setting.RESTORED);
    }

    private String text(Setting setting) {
        return values.getOrDefault(setting, "");
    }

    private List<String> list(Setting setting) {
        return Arrays.stream(text(setting).split(","))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .toList();
    }

    private Path path(Setting setting) {
        return path(setting, text(setting));
    }

    private Path path(Setting setting, String text) {
        try {
            Path path = text.startsWith("~/") ? home.resolve(text.substring(2)) : Path.of(text);
            if (!text.isEmpty()) {
                return path.toAbsolutePath().normalize();
            }
        } catch (InvalidPathException impossible) {
            throw bad(setting, "is no path");
        }
        throw bad(setting, "must be set");
    }

    private Optional<Path> pathIfSet(Setting setting) {
        return text(setting).isEmpty() ? Optional.empty() : Optional.of(path(setting));
    }

    private boolean isOn(Setting setting) {
        return switch (text(setting)) {
            case "on", "true" -> true;
            case "off", "false" -> false;
            default -> throw bad(setting, "takes " + setting.takes());
        };
    }

    private int number(Setting setting, int min, int max) {
        try {
            int number = Integer.parseInt(text(setting));
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            throw bad(setting, "takes " + setting.takes());
        }
        throw bad(setting, "takes " + setting.takes());
    }

    private Duration duration(Setting setting, Duration min, Duration max) {
        Matcher parts = DURATION.matcher(text(setting));
        if (parts.matches()) {
            long count = Long.parseLong(parts.group(1));
            Duration duration =
                    switch (String.valueOf(parts.group(2))) {
                        case "ms" -> Duration.ofMillis(count);
                        case "m" -> Duration.ofMinutes(count);
                        case "h" -> Duration.ofHours(count);
                        case "d" -> Duration.ofDays(count);
                        default -> Duration.ofSeconds(count);
                    };
            if (duration.compareTo(min) >= 0 && duration.compareTo(max) <= 0) {
                return duration;
            }
        }
        throw bad(setting, "takes " + setting.takes());
    }

    private <E extends Enum<E>> E oneOf(Setting setting, Class<E> type) {
        try {
            String text = text(setting);
            if (text.equals(text.toLowerCase(Locale.ROOT))) {
                return Enum.valueOf(type, text.toUpperCase(Locale.ROOT));
            }
        } catch (IllegalArgumentException unknown) {
            throw bad(setting, "takes " + setting.takes());
        }
        throw bad(setting, "takes " + setting.takes());
    }

    private static void requireForm(Setting setting, String value, String form) {
        if (!value.matches(form)) {
            throw bad(setting, "takes " + setting.takes());
        }
    }

    private static Unusable bad(Setting setting, String what) {
        return new Unusable("--" + setting.key() + " " + what + ".");
    }
}
