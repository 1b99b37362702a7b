// SPDX-License-Identifier: MIT
package org.handshaker.tor;

/**
 * What an onion service tells the relay while it comes up: first its address, then its bootstrap in steps, then that it is
 * published; at any time that it is gone, and then nothing more. Called on tor's own threads, never two at a time; must not
 * block and must not close the service.
 */
public interface OnionNews {
    /** @param summary tor's own words for the step, such as {@code "Loading relay descriptors"}; printable ASCII */
    void onBootstrap(int percent, String summary);

    /** @param onion 56 characters and {@code .onion}, no scheme */
    void onAddress(String onion);

    /** The first descriptor is uploaded: clients can find the onion now. */
    void onPublished();

    /** Tor ended or could not be had, and not because we closed it. */
    void onGone(String sentence);
}
