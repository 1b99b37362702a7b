// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How far an onion has come: turns tor's events into news, one at a time, each of them once. */
final class OnionProgress {
    private final OnionNews news;
    private int percent = -1;
    private String summary = "";
    private @Nullable String address;
    private boolean published;
    private boolean over;

    OnionProgress(OnionNews news) {
        this.news = news;
    }

    synchronized void address(String onion) {
        if (!over && address == null) {
            address = onion;
            news.onAddress(onion);
        }
    }

    /** One event line (control-spec 4.1.10 and 4.1.25). */
    synchronized void event(String line) {
        if (line.startsWith("STATUS_CLIENT ")) {
            bootstrap(line);
        } else if (line.startsWith("HS_DESC UPLOADED ")) {
            uploaded(line);
        }
    }

    /** A line that says {@code BOOTSTRAP PROGRESS=… SUMMARY="…"}, as an event or as an answer. */
    synchronized void bootstrap(String line) {
        if (over || !line.contains(" BOOTSTRAP ")) {
            return;
        }
        try {
            int nowPercent = Integer.parseInt(Keywords.value(line, "PROGRESS"));
            String nowSummary = Printable.of(Keywords.value(line, "SUMMARY"));
            if (nowPercent != percent || !nowSummary.equals(summary)) {
                percent = nowPercent;
                summary = nowSummary;
                news.onBootstrap(nowPercent, nowSummary);
            }
        } catch (IOException | NumberFormatException unknownForm) {
            // A tor that words it otherwise is as good an onion; the progress is for the operator's eye only.
        }
    }

    /** After this nothing is told any more. */
    synchronized void end() {
        over = true;
    }

    synchronized void gone(String sentence) {
        if (!over) {
            over = true;
            news.onGone(sentence);
        }
    }

    synchronized Optional<String> address() {
        return Optional.ofNullable(address);
    }

    synchronized boolean isPublished() {
        return published && !over;
    }

    private void uploaded(String line) {
        if (over || published || address == null) {
            return;
        }
        // "HS_DESC UPLOADED <address without .onion> …": a tor we share may host others.
        String[] words = line.split(" ", 4);
        if (words.length > 2 && address.equals(words[2] + ".onion")) {
            published = true;
            news.onPublished();
        }
    }
}
