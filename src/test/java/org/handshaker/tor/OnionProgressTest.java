// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

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
        progress.gone("gone");
        progress.gone("gone again");
        progress.event("HS_DESC UPLOADED abc UNKNOWN $AA");
        progress.bootstrap("NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Done\"");
        assertEquals(List.of("abc.onion", "gone"), heard);
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
}
