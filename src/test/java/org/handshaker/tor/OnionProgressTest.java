// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.handshaker.support.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

final class OnionProgressTest {
    private final List<String> heard = new ArrayList<>();
    private final OnionProgress progress = new OnionProgress(new OnionNews() {
        @Override
        public void onBootstrap(int percent, String summary) {
            heard.add(percent + " " + summary);
        }

        @Override
        public void onAddress(String onion) {
            heard.add(onion);
        }

        @Override
        public void onPublished() {
            heard.add("published");
        }

        @Override
        public void onUnpublished() {
            heard.add("unpublished");
        }

        @Override
        public void onGone(String sentence) {
            heard.add(sentence);
        }
    });

    @Test
    void tellsEachStepOnce() {
        progress.address("abc.onion");
        progress.bootstrap("NOTICE BOOTSTRAP PROGRESS=0 TAG=starting SUMMARY=\"Starting\"");
        progress.event("STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY=\"Connecting to a \\\"relay\\\"\"");
        progress.event("STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY=\"Connecting to a \\\"relay\\\"\"");
        progress.event("STATUS_CLIENT NOTICE CIRCUIT_ESTABLISHED");
        progress.event("HS_DESC UPLOAD abc UNKNOWN $AA");
        progress.event("HS_DESC UPLOADED abc UNKNOWN $AA");
        progress.event("HS_DESC UPLOADED abc UNKNOWN $BB");
        assertEquals(List.of("abc.onion", "0 Starting", "5 Connecting to a \"relay\"", "published"), heard);
    }

    @Test
    void doesNotTakeAnotherOnionsDescriptorForItsOwn() {
        progress.address("abc.onion");
        progress.event("HS_DESC UPLOADED abcd UNKNOWN $AA");
        progress.event("HS_DESC UPLOADED xyz UNKNOWN $AA");
        assertEquals(List.of("abc.onion"), heard);
    }

    @Test
    void saysNothingAfterItsEnd() {
        progress.address("abc.onion");
        progress.end();
        progress.gone("gone");
        progress.event("HS_DESC UPLOADED abc UNKNOWN $AA");
        progress.bootstrap("NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Done\"");
        assertEquals(List.of("abc.onion"), heard);
    }

    @Test
    void tellsTheStepsOfTheNextTorAgainButNotEachFailedTry() {
        progress.address("abc.onion");
        progress.event("HS_DESC UPLOADED abc UNKNOWN $AA");
        progress.gone("tor ended");
        progress.gone("no tor");
        progress.gone("no tor");
        progress.address("abc.onion");
        progress.bootstrap("NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Done\"");
        progress.event("HS_DESC UPLOADED abc UNKNOWN $AA");
        progress.gone("no tor");
        assertEquals(
                List.of("abc.onion", "published", "tor ended", "no tor", "100 Done", "published", "no tor"), heard);
        assertEquals(4, progress.vitals(Optional.empty()).torsLost());
    }

    @Test
    void isNotPublishedWhenNoDirectoryTakesItsDescriptors() {
        progress.address("abc.onion");
        progress.event("HS_DESC UPLOADED abc UNKNOWN $AA");
        for (int i = 0; i < OnionNews.FAILURES_IN_A_ROW; i++) {
            // What was fetched in vain was never under way.
            progress.event("HS_DESC FAILED abc UNKNOWN $BB" + i + " REASON=NOT_FOUND");
        }
        assertEquals(List.of("abc.onion", "published"), heard);
        for (int i = 0; i < OnionNews.FAILURES_IN_A_ROW; i++) {
            progress.event("HS_DESC UPLOAD abc UNKNOWN $AA" + i + " id");
            progress.event("HS_DESC FAILED abc UNKNOWN $AA" + i + " id REASON=UPLOAD_REJECTED");
        }
        progress.event("HS_DESC UPLOAD abc UNKNOWN $AA id");
        progress.event("HS_DESC UPLOADED abc UNKNOWN $AA");
        assertEquals(List.of("abc.onion", "published", "unpublished", "published"), heard);
        assertEquals(
                OnionNews.FAILURES_IN_A_ROW, progress.vitals(Optional.empty()).descriptorFailures());
    }

    @Test
    void survivesLinesThatItDoesNotKnow() {
        for (String line : List.of(
                "",
                "STATUS_CLIENT ",
                "STATUS_CLIENT NOTICE BOOTSTRAP ",
                "STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=x SUMMARY=\"",
                "STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=5 SUMMARY=\"open",
                "HS_DESC UPLOADED ",
                "HS_DESC UPLOADED")) {
            progress.event(line);
        }
        assertEquals(List.of("5 \"open"), heard);
    }

    @Test
    @Timeout(30)
    void waitsForTheLastOfTheNewDescriptorsAndNoLonger() throws Exception {
        progress.address("abc.onion");
        progress.event("HS_DESC UPLOADED abc UNKNOWN $AA");
        long before = progress.uploads();
        Thread waiting = new Thread(() -> {
            try {
                progress.awaitUploaded(before, Duration.ofSeconds(60));
            } catch (InterruptedException interrupted) {
                heard.add("interrupted");
            }
        });
        waiting.start();
        progress.event("HS_DESC UPLOAD abc UNKNOWN $AA");
        progress.event("HS_DESC UPLOAD abc UNKNOWN $BB");
        progress.event("HS_DESC UPLOADED abc UNKNOWN $BB");
        Await.until("it to wait for the other", 20, () -> waiting.getState() == Thread.State.TIMED_WAITING);
        progress.event("HS_DESC FAILED abc UNKNOWN $AA REASON=UPLOAD_REJECTED");
        waiting.join();
        assertEquals(List.of("abc.onion", "published"), heard);

        progress.awaitUploaded(progress.uploads(), Duration.ofMillis(1));
    }
}
