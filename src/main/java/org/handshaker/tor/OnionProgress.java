// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How far an onion has come: turns tor's events into news, one at a time. Within the life of one tor each step is told once;
 * when tor is lost the next one's steps are told again.
 */
final class OnionProgress {
    /** More directories than one descriptor goes to. */
    private static final int UNDER_WAY_MAX = 64;

    private final OnionNews news;
    private final Set<String> uploadsUnderWay = new HashSet<>();
    private int percent = -1;
    private String summary = "";
    private @Nullable String address;
    private boolean published;
    private boolean over;
    private String lastLoss = "";
    private int losses;
    private long uploads;
    private long failures;
    /** Uploads that failed since the last one that did not. */
    private int failuresInARow;

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
        } else if (line.startsWith("HS_DESC ")) {
            descriptor(line.split(" ", -1));
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
        notifyAll();
    }

    /** Tor is lost. Trying again and failing alike is not told again. */
    synchronized void gone(String sentence) {
        boolean isNews = published || !sentence.equals(lastLoss);
        published = false;
        percent = -1;
        uploadsUnderWay.clear();
        failuresInARow = 0;
        if (!over) {
            losses++;
            lastLoss = sentence;
            if (isNews) {
                news.onGone(sentence);
            }
        }
    }

    synchronized Optional<String> address() {
        return Optional.ofNullable(address);
    }

    synchronized boolean isPublished() {
        return published && !over;
    }

    /** Descriptors that directories have taken in this relay's life. */
    synchronized long uploads() {
        return uploads;
    }

    /**
     * Waits until directories have a descriptor that was made since: more of them have taken one, and none is still being
     * sent it. Not longer than {@code atMost}, for a network that is too slow to wait for.
     *
     * @param before what {@link #uploads()} was when the change was made
     */
    synchronized void awaitUploaded(long before, Duration atMost) throws InterruptedException {
        long end = System.nanoTime() + atMost.toNanos();
        long millisLeft = atMost.toMillis();
        while (!over && millisLeft > 0 && (uploads == before || !uploadsUnderWay.isEmpty())) {
            wait(millisLeft);
            millisLeft = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        }
    }

    /** @param meetings the clients' circuits, where a tor tells of them */
    synchronized OnionVitals vitals(Optional<List<Renewal.Meeting>> meetings) {
        int circuits = meetings.map(List::size).orElse(-1);
        int effort = meetings.map(all ->
                        all.stream().mapToInt(Renewal.Meeting::effort).max().orElse(0))
                .orElse(-1);
        return new OnionVitals(percent, isPublished(), uploads, failures, losses, circuits, effort);
    }

    /** {@code HS_DESC ACTION ADDRESS AUTH DIRECTORY …}, the address without .onion: a tor we share may host others. */
    private void descriptor(String[] words) {
        if (over || address == null || words.length < 5 || !address.equals(words[2] + ".onion")) {
            return;
        }
        switch (words[1]) {
            case "UPLOAD" -> {
                if (uploadsUnderWay.size() < UNDER_WAY_MAX) {
                    uploadsUnderWay.add(words[4]);
                }
            }
            case "UPLOADED" -> {
                uploadsUnderWay.remove(words[4]);
                uploaded();
                notifyAll();
            }
            // The same word tells of descriptors that were fetched in vain, by our own look from outside.
            case "FAILED" -> {
                if (uploadsUnderWay.remove(words[4])) {
                    failed();
                    notifyAll();
                }
            }
            default -> {}
        }
    }

    private void uploaded() {
        uploads++;
        failuresInARow = 0;
        if (!published) {
            published = true;
            news.onPublished();
        }
    }

    private void failed() {
        failures++;
        failuresInARow++;
        if (failuresInARow == OnionNews.FAILURES_IN_A_ROW && published) {
            published = false;
            news.onUnpublished();
        }
    }
}
