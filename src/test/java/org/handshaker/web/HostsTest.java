// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class HostsTest {
    private static final String ONION = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx.onion";
    private static final String OTHER = "b" + ONION.substring(1);
    private static final String NAMED = "https://client.example";

    private final Hosts hosts = new Hosts(Set.of(NAMED));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "localhost:8480",
                "LOCALHOST:1",
                "127.0.0.1",
                "127.0.0.1:8480",
                "[::1]",
                "[::1]:8480"
            })
    void answersToThisMachine(String host) {
        assertTrue(hosts.answersTo(host));
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(
            strings = {
                "evil.example",
                "evil.example:8480",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "evil.example:localhost",
                "localhost:80.evil.example",
                "localhost:evil",
                "localhost:123456",
                "localhost:1:2",
                "localhost.",
                "user@localhost",
                "localhost@evil.example",
                " localhost",
                "127.0.0.2",
                "127.1",
                "2130706433",
                "0.0.0.0",
                "::1",
                "[::1",
                "[::2]",
                "[::ffff:127.0.0.1]",
                ":8480",
                ONION,
                "localhost\u0000",
                "\u212aocalhost"
            })
    void answersToNobodyElse(String host) {
        assertFalse(hosts.answersTo(host));
    }

    @Test
    void answersToItsOwnOnionOnceThatIsKnown() {
        hosts.onion(ONION);
        assertTrue(hosts.answersTo(ONION));
        assertTrue(hosts.answersTo(ONION + ":80"));
        assertTrue(hosts.answersTo(ONION.toUpperCase(java.util.Locale.ROOT)));
        assertFalse(hosts.answersTo(OTHER));
        assertFalse(hosts.answersTo("www." + ONION));
        assertFalse(hosts.answersTo(ONION + ".evil.example"));
        assertFalse(hosts.answersTo(ONION.replace(".onion", ".exit")));
    }

    @Test
    void takesAnyOnionWhereTheOperatorsTorKeepsTheAddressToItself() {
        hosts.takeAnyOnion();
        assertTrue(hosts.answersTo(ONION));
        assertTrue(hosts.answersTo(OTHER + ":80"));
        assertFalse(hosts.answersTo("short.onion"));
        assertFalse(hosts.answersTo("evil.example"));
        assertFalse(hosts.answersTo(ONION + ".evil.example"));
    }

    @Test
    void onlyNamedOriginsReadAnswers() {
        assertTrue(hosts.mayRead(NAMED));
        assertFalse(hosts.mayRead(null));
        assertFalse(hosts.mayRead("*"));
        assertFalse(hosts.mayRead("null"));
        assertFalse(hosts.mayRead(NAMED + "/"));
        assertFalse(hosts.mayRead(NAMED + ":443"));
        assertFalse(hosts.mayRead("http://client.example"));
    }

    @Test
    void socketsOpenForItsOwnPagesNamedOnesAndProgramsThatAreNoBrowsers() {
        assertTrue(hosts.mayOpenSocket(null, "localhost:8480"));
        assertTrue(hosts.mayOpenSocket("http://localhost:8480", "localhost:8480"));
        assertTrue(hosts.mayOpenSocket(NAMED, "localhost:8480"));
        assertFalse(hosts.mayOpenSocket("", "localhost:8480"));
        assertFalse(hosts.mayOpenSocket("null", "localhost:8480"));
        assertFalse(hosts.mayOpenSocket("https://localhost:8480", "localhost:8480"));
        assertFalse(hosts.mayOpenSocket("http://localhost:8481", "localhost:8480"));
        assertFalse(hosts.mayOpenSocket("http://null", null));
    }
}
