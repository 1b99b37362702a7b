// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** The lines of a run, as a table that reads in a terminal and in Markdown alike. */
final class Report {
    private final List<String> lines = new ArrayList<>();
    private final Consumer<String> out;

    Report(Consumer<String> out) {
        this.out = out;
    }

    void head(String text) {
        say("");
        say("## " + text);
        say("");
    }

    void say(String line) {
        lines.add(line);
        out.accept(line);
    }

    void tableOfRates() {
        say(row("what", "per second", "median ms", "p99 ms", "the machine's limit", "of it"));
        say("|---|---:|---:|---:|---|---:|");
    }

    /** A rate that is a limit itself. */
    void limit(String what, Rate rate) {
        rate(what, rate, "", "");
    }

    /** A rate and what bounds it; the limit is given first because it is measured first. */
    void beside(String what, String limitName, Rate limit, Rate rate) {
        rate(
                what,
                rate,
                limitName + ": " + String.format(Locale.ROOT, format(limit), limit.perSecond()),
                String.format(Locale.ROOT, "%.0f %%", 100 * rate.perSecond() / limit.perSecond()));
    }

    private void rate(String what, Rate rate, String limit, String part) {
        say(row(
                what,
                String.format(Locale.ROOT, format(rate), rate.perSecond()),
                String.format(Locale.ROOT, "%.1f", rate.medianMillis()),
                String.format(Locale.ROOT, "%.1f", rate.p99Millis()),
                limit,
                part));
    }

    private static String format(Rate rate) {
        return rate.perSecond() < 100 ? "%,.1f" : "%,.0f";
    }

    void tableOfBounds() {
        say("| what | measured | bound |");
        say("|---|---:|---:|");
    }

    void bound(String what, String measured, String bound) {
        say("| " + what + " | " + measured + " | " + bound + " |");
    }

    private static String row(String... cells) {
        return String.format(
                Locale.ROOT,
                "| %-32s | %10s | %9s | %7s | %-38s | %5s |",
                cells[0],
                cells[1],
                cells[2],
                cells[3],
                cells[4],
                cells[5]);
    }

    List<String> lines() {
        return List.copyOf(lines);
    }
}
