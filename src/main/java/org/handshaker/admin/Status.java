// SPDX-License-Identifier: MIT
package org.handshaker.admin;

import java.util.Map;

/**
 * How the relay is: numbers, and words about the relay itself; nothing about anybody.
 *
 * @param health as {@code /health} says it
 * @param draining whether it takes nothing new in and is about to end
 * @param registration who may register now
 * @param puzzle when newcomers are asked for a puzzle now
 * @param puzzleDoublingsMin how often its price is doubled at least
 * @param strain how much more there is to do than can be done, 0 to 100
 * @param accounts how many there are
 * @param suspended how many of them are suspended
 * @param sockets open WebSockets
 * @param queuesInMemory queues that somebody uses or used lately
 * @param eventBytesInMemory bytes of events that are not on the disk
 * @param changesWaiting changes in line for the next commit
 * @param refusals how often calls and frames were refused since the start, by code
 * @param announcement how far the last announcement has come
 * @param onion how the onion is
 */
public record Status(
        String health,
        boolean draining,
        String registration,
        String puzzle,
        int puzzleDoublingsMin,
        int strain,
        int accounts,
        int suspended,
        int sockets,
        int queuesInMemory,
        long eventBytesInMemory,
        int changesWaiting,
        Map<String, Long> refusals,
        Announcement.Progress announcement,
        Onion onion) {
    /**
     * How the onion is; -1 where nobody can tell.
     *
     * @param bootstrapPercent how far tor is
     * @param published whether clients can find it, as far as its tor tells
     * @param descriptorUploads descriptors that directories took since the start
     * @param descriptorFailures descriptors that they did not take
     * @param torsLost how often tor ended or was lost
     * @param circuits clients' circuits now
     * @param circuitsClosed circuits that tor was asked to close because they hammered
     * @param probe what the last look from outside saw: {@code none} yet, {@code reached}, {@code failed}
     * @param probeMillis how long it took
     * @param clockAgrees whether this machine's clock fits the network's time
     */
    public record Onion(
            int bootstrapPercent,
            boolean published,
            long descriptorUploads,
            long descriptorFailures,
            int torsLost,
            int circuits,
            long circuitsClosed,
            String probe,
            long probeMillis,
            boolean clockAgrees) {}
}
