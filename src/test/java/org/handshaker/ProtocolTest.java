// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.handshaker.core.Cost;
import org.handshaker.core.Limits;
import org.handshaker.core.Rate;
import org.handshaker.core.Reason;
import org.handshaker.support.TestRelay;
import org.handshaker.support.Transcript;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** {@code docs/protocol.md} is true: its transcripts are played against the real relay, its table is the relay's own list. */
class ProtocolTest {
    private static final Path PAGE = Path.of("docs", "protocol.md");
    private static final Pattern ROW = Pattern.compile("\\| `([a-z_]+)` \\| (\\d{3}) \\| (.+) \\|");

    private static final Pattern RATE_ROW =
            Pattern.compile("\\| [^|]+ \\| ([0-9,]+, then \\d+ a (?:second|minute)(?:; all strangers [^|]+)?) \\|");

    @Test
    void everyTranscriptHappensAsItIsWritten() throws IOException {
        try (TestRelay relay = TestRelay.start();
                Transcript transcript = Transcript.of(Files.readString(PAGE), relay.address())) {
            int played = transcript.play();
            assertTrue(played >= 25, played + " transcripts");
        }
    }

    @Test
    void theTableOfErrorsIsTheRelaysOwn() throws IOException {
        List<String> written = ROW.matcher(Files.readString(PAGE))
                .results()
                .map(row -> row.group(1) + " " + row.group(2) + " " + row.group(3))
                .toList();
        List<String> reasons = Arrays.stream(Reason.values())
                .map(reason -> reason.code() + " " + reason.status() + " " + reason.detail())
                .toList();
        assertEquals(reasons, written);
    }

    @Test
    void theTableOfRatesIsTheRelaysOwn() throws IOException {
        List<String> written = RATE_ROW.matcher(Files.readString(PAGE))
                .results()
                .map(row -> row.group(1))
                .toList();
        List<String> rates = Arrays.stream(Cost.values())
                .filter(cost -> cost != Cost.NOTHING)
                .map(cost -> words("", Limits.rate(cost)) + words("; all strangers ", Limits.globalRate(cost)))
                .toList();
        assertEquals(rates.stream().sorted().toList(), written.stream().sorted().toList());
    }

    private static String words(String whose, @Nullable Rate rate) {
        if (rate == null) {
            return "";
        }
        String per = rate.per().equals(Duration.ofSeconds(1)) ? "second" : "minute";
        return String.format(Locale.ROOT, "%s%,d, then %d a %s", whose, rate.burst(), rate.count(), per);
    }

    @Test
    void everyLinkWithinThePageHasItsHeading() throws IOException {
        String page = Files.readString(PAGE);
        List<String> anchors = page.lines()
                .filter(line -> line.startsWith("#"))
                .map(line -> line.replaceFirst("^#+ ", "")
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^a-z0-9 -]", "")
                        .replace(' ', '-'))
                .toList();
        Pattern.compile("\\]\\(#([^)]+)\\)")
                .matcher(page)
                .results()
                .forEach(link -> assertTrue(anchors.contains(link.group(1)), link.group(1)));
    }
}
