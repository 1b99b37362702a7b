// SPDX-License-Identifier: MIT
package org.handshaker.core;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MailAddressTest {
    private static MailAddress parse(String text) {
        return MailAddress.parse(text.toCharArray());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a@b.c",
                "alice@example.org",
                "first.last+tag@sub.example.org",
                "o'hara!#$%&*-/=?^_`{|}~@example.org",
                "1@2.example",
                "a@xn--bcher-kva.example",
                "a@mailmailmailmailmailmailmailmailmailmailmailmailmailmail.onion",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.c",
            })
    void isReadAsItIs(String text) {
        assertEquals(text, new String(parse(text).ascii(), US_ASCII));
    }

    @Test
    void isFoldedToLowerCase() {
        assertEquals(
                "alice.b@example.org", new String(parse("Alice.B@EXAMPLE.Org").ascii(), US_ASCII));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a",
                "@",
                "a@",
                "@b.c",
                "a@b",
                "a@b.",
                "a@.c",
                "a@b..c",
                ".a@b.c",
                "a.@b.c",
                "a..b@b.c",
                "a@@b.c",
                "a@b@c.d",
                "a b@c.d",
                "a@c .d",
                " a@b.c",
                "a@b.c ",
                "a@b.c\r\nRCPT TO:<x@y.z>",
                "a@b.c\r\n",
                "a@b.c\n",
                "a\r\nDATA\r\n@b.c",
                "a\n@b.c",
                "a\u0000@b.c",
                "a@b.c\u0000",
                "a>@b.c",
                "<a@b.c>",
                "a@b.c> SIZE=1",
                "\"a b\"@c.d",
                "a\\@b.c",
                "a,b@c.d",
                "a;b@c.d",
                "a:b@c.d",
                "a(b)@c.d",
                "a@[127.0.0.1]",
                "a@127.0.0.1",
                "a@b.1c",
                "a@b_c.d",
                "a@-b.c",
                "a@b-.c",
                "ä@b.c",
                "a@bücher.example",
                "\u212a@b.c",
                "a\uff20b.c",
                "a@b\u3002c",
                "a%0d%0aDATA@b.c\r",
                "a@b.c\u2028x",
                "\ud800@b.c",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.c",
                "a@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.c",
            })
    void whatIsNoPlainAddressIsRefused(String text) {
        assertRefused(Reason.BAD_EMAIL, () -> parse(text));
    }

    @Test
    void hasABound() {
        String labels = "a@" + "b.".repeat(125);
        assertEquals(254, parse(labels + "cc").chars().length);
        assertRefused(Reason.BAD_EMAIL, () -> parse(labels + "ccc"));
    }

    @Test
    void isWipedAndDoesNotPrintItself() {
        MailAddress address = parse("a@b.c");
        assertEquals("MailAddress", address.toString());
        address.wipe();
        assertArrayEquals(new char[5], address.chars());
    }
}
