// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import org.handshaker.support.Browser;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The pages as a real browser without script takes them: whole, styled under their own policy, and asking nobody else. */
@Tag("browser")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PagesInABrowserTest {
    /** The background in page.css, by day. */
    private static final int PAPER = 0xfbfaf6;

    private TestRelay relay;
    private Browser browser;

    @BeforeAll
    void open() {
        relay = TestRelay.start();
        browser = Browser.open();
    }

    @AfterAll
    void close() {
        browser.close();
        relay.close();
    }

    @ParameterizedTest
    @CsvSource({"/, Connect a client", "/docs, Common answers"})
    void isWholeWithoutScriptAndAsksNobodyElse(String path, String words) {
        Browser.Visit visit = browser.visit(relay.address() + path);
        assertTrue(visit.dom().contains(words), visit.dom());
        assertEquals(PAPER, visit.picture().getRGB(0, 0) & 0xffffff, "the stylesheet was not applied");
        assertTrue(inkedPixels(visit.picture()) > 10_000, "the page is blank");
        assertEquals(List.of(), visit.complaints());
        assertEquals(List.of(), visit.askedElsewhere());
    }

    @Test
    void scriptIsReallyOff() {
        Browser.Visit visit =
                browser.visit("data:text/html,<p>before</p><script>document.body.textContent='after'</script>");
        assertTrue(visit.dom().contains("<p>before</p>"), visit.dom());
    }

    @Test
    void theProxyWouldHaveSeenIt() {
        Browser.Visit visit = browser.visit("data:text/html,<img%20src=http://elsewhere.example/pixel>");
        assertTrue(
                visit.askedElsewhere().stream().anyMatch(line -> line.contains("http://elsewhere.example/pixel")),
                visit.askedElsewhere().toString());
    }

    @Test
    void theConsoleWouldHaveComplained() {
        Browser.Visit visit = browser.visit(
                "data:text/html,<meta%20http-equiv=Content-Security-Policy%20content=\"style-src%20'none'\">"
                        + "<style>p{}</style><p>x");
        assertFalse(visit.complaints().isEmpty());
    }

    private static long inkedPixels(BufferedImage picture) {
        int paper = picture.getRGB(0, 0);
        int[] pixels = picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
        return Arrays.stream(pixels).filter(pixel -> pixel != paper).count();
    }
}
