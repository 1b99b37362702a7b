// SPDX-License-Identifier: MIT
package org.handshaker.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigTest {
    private static final Path HOME = Path.of("/home/someone");

    @Test
    void theDefaultsAreTheContracts() {
        Config config = config();
        assertEquals("127.0.0.1:8480", config.listen().toString());
        assertEquals(HOME.resolve(".local/share/handshaker"), config.data());
        assertEquals(HOME.resolve(".config/handshaker/master.key"), config.keyFile());
        assertEquals(Config.Tor.MANAGED, config.tor());
        assertEquals(Config.Registration.OPEN, config.registration());
        assertEquals(Config.PuzzleMode.AUTO, config.puzzle());
        assertEquals(12, config.passwordMin());
        assertEquals("m=65536,t=3,p=1", config.argon2());
        assertEquals(Duration.ofMinutes(5), config.accessTtl());
        assertEquals(Duration.ofDays(30), config.refreshTtl());
        assertEquals(Duration.ofSeconds(2), config.linger());
        assertEquals(Duration.ofMinutes(2), config.signalTtl());
        assertEquals(Duration.ofDays(14), config.eventTtl());
        assertTrue(config.pads());
        assertTrue(config.limitsAreOn());
        assertFalse(config.isRestored());
        assertEquals(List.of(), config.corsOrigins());
        assertEquals(List.of(), config.turnUrls());
        assertEquals(List.of(), config.stunUrls());
        assertEquals(Optional.empty(), config.admin());
        assertEquals(Optional.empty(), config.local());
        assertEquals(Optional.empty(), config.onion());
    }

    @Test
    void recoveryMailIsOffUnlessTheOperatorNamesAServer() {
        assertEquals(Optional.empty(), config().mailServer());
        Map<Setting, String> mail = new EnumMap<>(Setting.class);
        mail.put(Setting.MAIL_SERVER, "smtps://mail.example.org:4650");
        assertThrows(Unusable.class, () -> new Config(mail, HOME), "needs a sender");
        mail.put(Setting.MAIL_FROM, "Codes@example.org");
        Config config = new Config(mail, HOME);
        assertEquals(
                "smtps://mail.example.org:4650",
                config.mailServer().orElseThrow().toString());
        assertEquals(
                "codes@example.org", new String(config.mailFrom().orElseThrow().chars()));
        assertEquals(Optional.empty(), config.mailUser());
        mail.put(Setting.MAIL_USER, "relay");
        assertThrows(Unusable.class, () -> new Config(mail, HOME), "a user needs a password");
        mail.put(Setting.MAIL_PASSWORD_FILE, "/run/mail");
        assertEquals(Optional.of("relay"), new Config(mail, HOME).mailUser());
        mail.put(Setting.MAIL_USER, "two\nlines");
        assertThrows(Unusable.class, () -> new Config(mail, HOME));
        mail.put(Setting.MAIL_USER, "relay");
        mail.put(Setting.MAIL_FROM, "nobody");
        assertThrows(Unusable.class, () -> new Config(mail, HOME));
    }

    /** Whoever gives a sender believes that mails are sent. */
    @ParameterizedTest
    @EnumSource(names = {"MAIL_FROM", "MAIL_USER", "MAIL_PASSWORD_FILE"})
    void whatBelongsToAMailServerIsRefusedWithoutOne(Setting setting) {
        Unusable unusable = assertThrows(Unusable.class, () -> new Config(Map.of(setting, "codes@example.org"), HOME));
        assertEquals(
                "--" + setting.key() + " needs --mail-server, without which no mail is sent.", unusable.sentence());
    }

    /** Whoever gives a secret believes that calls go through a TURN server. */
    @Test
    void aTurnSecretIsRefusedWithoutAServer() {
        Unusable unusable =
                assertThrows(Unusable.class, () -> new Config(Map.of(Setting.TURN_SECRET_FILE, "/run/turn"), HOME));
        assertEquals(
                "--turn-secret-file needs --turn-url, without which nobody is told of a TURN server.",
                unusable.sentence());
        Unusable other = assertThrows(
                Unusable.class,
                () -> new Config(Map.of(Setting.TURN_URL, "turn:turn.example:3478?transport=tcp"), HOME));
        assertEquals("--turn-url needs --turn-secret-file.", other.sentence());
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "torrc"})
    void recoveryMailNeedsAWayOut(String tor) {
        Map<Setting, String> mail = new EnumMap<>(Setting.class);
        mail.put(Setting.TOR, tor);
        mail.put(Setting.MAIL_SERVER, "smtp://mail.example.org");
        mail.put(Setting.MAIL_FROM, "codes@example.org");
        Unusable unusable = assertThrows(Unusable.class, () -> new Config(mail, HOME));
        assertTrue(unusable.sentence().contains("--tor-socks"), unusable.sentence());
        mail.put(Setting.TOR_SOCKS, "127.0.0.1:9050");
        assertTrue(new Config(mail, HOME).mailServer().isPresent());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mail.example.org",
                "smtp://",
                "smtp://localhost",
                "smtps://127.0.0.1",
                "smtps://[::1]:465",
                "http://mail.example.org",
                "smtps://mail.example.org:0",
                "smtps://mail.example.org:65536",
                "smtps://mail.example.org/",
                "smtps://user:secret@mail.example.org",
                "smtps://mail_1.example.org",
            })
    void aMailServerIsANameAndHasNoSecretInIt(String server) {
        Map<Setting, String> mail = new EnumMap<>(Setting.class);
        mail.put(Setting.MAIL_SERVER, server);
        mail.put(Setting.MAIL_FROM, "codes@example.org");
        Unusable unusable = assertThrows(Unusable.class, () -> new Config(mail, HOME));
        assertFalse(unusable.sentence().contains("secret"), unusable.sentence());
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void everySettingSaysWhatItIsAndTakes(Setting setting) {
        assertFalse(setting.takes().isBlank());
        assertFalse(setting.meaning().isBlank());
        assertFalse(setting.meaning().endsWith("."), "the help text adds it");
        assertEquals(Optional.of(setting), Setting.ofKey(setting.key()));
        assertEquals(
                "HANDSHAKER_" + setting.key().replace('-', '_').toUpperCase(java.util.Locale.ROOT), setting.variable());
        assertTrue(setting.key().matches("[a-z][a-z0-9-]*"));
    }

    /** What a sentence is good for: it names the option and is one. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "listen=",
                "listen=8480",
                "listen=localhost:8480",
                "listen=relay.example:8480",
                "listen=127.0.0.1",
                "listen=127.0.0.1:",
                "listen=127.0.0.1:65536",
                "listen=127.0.0.1:-1",
                "listen=999.0.0.1:80",
                "listen=0.0.0.0:8480",
                "listen=192.0.2.1:8480",
                "listen=[::]:8480",
                "listen=[2001:db8::1]:8480",
                "listen=unix:",
                "listen=unix:/\u0000",
                "listen=http://127.0.0.1:8480",
                "local=x",
                "local=0.0.0.0:8480",
                "local=unix:",
                "expose=yes",
                "expose=",
                "data=",
                "key-file=",
                "tor=",
                "tor=None",
                "tor=onion",
                "tor-control=9051",
                "tor-control=localhost:9051",
                "onion=short.onion",
                "onion=example.com",
                "onion=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.onion",
                "registration=Open",
                "registration=maybe",
                "password-min=7",
                "password-min=129",
                "password-min=x",
                "password-min=12.0",
                "password-min=",
                "access-ttl=29s",
                "access-ttl=3601s",
                "access-ttl=2h",
                "access-ttl=-1s",
                "access-ttl=1w",
                "access-ttl=1.5h",
                "access-ttl=",
                "access-ttl=99999999999999999999s",
                "refresh-ttl=59m",
                "refresh-ttl=366d",
                "linger=31s",
                "linger=x",
                "signal-ttl=0s",
                "signal-ttl=999ms",
                "signal-ttl=61m",
                "event-ttl=0s",
                "event-ttl=31d",
                "padding=yes",
                "padding=ON",
                "puzzle=sometimes",
                "limits=off",
                "limits=x",
                "turn-url=turn:turn.example:3478?transport=tcp",
                "turn-url=http://turn.example",
                "turn-url=turn:",
                "stun-url=turn:stun.example:3478",
                "stun-url=stun.example",
                "cors-origins=*",
                "cors-origins=null",
                "cors-origins=client.example",
                "cors-origins=https://*.example",
                "cors-origins=https://client.example/",
                "cors-origins=https://client.example,*",
                "cors-origins=ftp://client.example",
                "listen=999.1.1.1:80",
                "listen=[::1::]:80",
                "listen=[:::]:80",
                "admin=127.0.0.1:9000",
                "admin=unix:",
                "admin=/run/admin",
                "room-members=1",
                "room-members=65",
                "room-members=-2",
                "room-members=ten",
                "room-members=",
                "restored=maybe"
            })
    void aBadValueIsOneSentenceThatNamesTheOption(String assignment) {
        int equals = assignment.indexOf('=');
        String key = assignment.substring(0, equals);
        Unusable bad = assertThrows(Unusable.class, () -> config(key, assignment.substring(equals + 1)));
        assertTrue(bad.sentence().startsWith("--" + key + " "), bad.sentence());
        assertTrue(bad.sentence().endsWith("."), bad.sentence());
        assertFalse(bad.sentence().contains("\n"), bad.sentence());
    }

    @Test
    void theBoundsThemselvesAreTaken() {
        assertEquals(8, config("password-min", "8").passwordMin());
        assertEquals(128, config("password-min", "128").passwordMin());
        assertEquals(Duration.ofSeconds(30), config("access-ttl", "30").accessTtl());
        assertEquals(Duration.ofHours(1), config("access-ttl", "1h").accessTtl());
        assertEquals(Duration.ofDays(365), config("refresh-ttl", "365d").refreshTtl());
        assertEquals(Duration.ZERO, config("linger", "0s").linger());
        assertEquals(Duration.ofMillis(1_500), config("linger", "1500ms").linger());
        assertEquals(Duration.ofDays(30), config("event-ttl", "30d").eventTtl());
        assertEquals(Duration.ofHours(1), config("signal-ttl", "60m").signalTtl());
        assertEquals(2, config("room-members", "2").roomMembers());
        assertEquals(Limits.ROOM_MEMBERS_MAX, config("room-members", "64").roomMembers());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1:0",
                "127.255.0.9:65535",
                "[::1]:8480",
                "unix:/run/handshaker/socket",
                "unix:relay.sock"
            })
    void listensWhereOnlyThisMachineReachesIt(String listen) {
        assertTrue(config("listen", listen).listen().isLocal());
    }

    @Test
    void listensElsewhereOnlyForWhoeverSaysSoLoudly() {
        assertFalse(config("listen", "0.0.0.0:8480", "expose", "on").listen().isLocal());
    }

    @Test
    void limitsMayBeOffOnlyWithoutTor() {
        assertFalse(config("limits", "off", "tor", "none").limitsAreOn());
        for (String tor : List.of("managed", "control", "torrc")) {
            Unusable bad = assertThrows(Unusable.class, () -> config("limits", "off", "tor", tor));
            assertEquals("--limits may be off only with --tor none.", bad.sentence());
        }
    }

    @Test
    void listsAreReadWithTheirBlanksAndHoles() {
        assertEquals(
                List.of("https://a.example", "http://b.example:8080"),
                config("cors-origins", " https://a.example, ,http://b.example:8080 ,")
                        .corsOrigins());
    }

    @Test
    void theHomeDirectoryIsTheOperators() {
        assertEquals(HOME.resolve("relay"), config("data", "~/relay").data());
        assertEquals(Path.of("/srv/relay"), config("data", "/srv/x/../relay").data());
        assertTrue(config("data", "relay").data().isAbsolute());
    }

    private static Config config(String... keysAndValues) {
        Map<Setting, String> given = new EnumMap<>(Setting.class);
        for (int i = 0; i < keysAndValues.length; i += 2) {
            given.put(Setting.ofKey(keysAndValues[i]).orElseThrow(), keysAndValues[i + 1]);
        }
        return new Config(given, HOME);
    }
}
