// SPDX-License-Identifier: MIT
package org.handshaker.tor;

/**
 * What an onion service tells the relay while it comes up. Called on tor's own threads, never two at a time, and in this
 * order: bootstrap (many), address (once), published (once), gone (once, at any time; nothing follows). Must not block.
 */
public interface OnionNews {
    /** @param summary tor's own words for the step, such as {@code "Connecting to a relay"}; printable ASCII */
    void onBootstrap(int percent, String summary);

    /** @param onion 56 characters and {@code .onion}, no scheme */
    void onAddress(String onion);

    /** The first descriptor is uploaded: clients can find the onion now. */
    void onPublished();

    /** What is limited, in one sentence, such as what tor cannot do in this mode. */
    void onWarning(String sentence);

    /** Tor ended or could not be had, and not because we closed it. */
    void onGone(String sentence);
}
