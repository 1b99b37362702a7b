// SPDX-License-Identifier: MIT
package org.handshaker.tor;

/**
 * What an onion service tells the relay: its address, its bootstrap in steps, that it is published; at any time that it is
 * gone. What is gone is tried again, and the steps are told again. Called on tor's own threads, never two at a time; must not
 * block and must not close the service.
 */
public interface OnionNews {
    /** Descriptors in a row that no directory took, after which the onion does not count as published. */
    int FAILURES_IN_A_ROW = 6;

    /** @param summary tor's own words for the step, such as {@code "Loading relay descriptors"}; printable ASCII */
    void onBootstrap(int percent, String summary);

    /** @param onion 56 characters and {@code .onion}, no scheme; told once, since it never changes */
    void onAddress(String onion);

    /** The first descriptor is uploaded: clients can find the onion now. */
    void onPublished();

    /** Tor is there, but no directory takes descriptors any more: clients will not find the onion for long. */
    void onUnpublished();

    /** Tor ended or could not be had, and not because we closed it. */
    void onGone(String sentence);
}
