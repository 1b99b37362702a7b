// SPDX-License-Identifier: MIT
package org.handshaker.admin;

import java.util.Map;

/**
 * How the relay is: numbers, and words about the relay itself; nothing about anybody.
 *
 * @param health as {@code /health} says it
 * @param drained whether it takes nothing in any more
 * @param registration who may register now
 * @param puzzle when newcomers are asked for a puzzle now
 * @param puzzleDoublingsMin how often its price is doubled at least
 * @param strainPercent how full the fullest of what newcomers wait for is: 0 to 100
 * @param accounts how many there are
 * @param suspended how many of them are suspended
 * @param sockets open WebSockets
 * @param queuesInMemory queues that somebody uses or used lately
 * @param eventBytesInMemory bytes of events that are not on the disk
 * @param changesWaiting changes in line for the next commit
 * @param hashesRunning password hashes being computed; never more than there are cores
 * @param hashesWaiting calls in line for one
 * @param memory what the program takes
 * @param refusals how often calls and frames were refused since the start, by code
 * @param announcement how far the last announcement has come
 * @param onion how the onion is
 */
public record Status(
        String health,
        boolean drained,
        String registration,
        String puzzle,
        int puzzleDoublingsMin,
        int strainPercent,
        int accounts,
        int suspended,
        int sockets,
        int queuesInMemory,
        long eventBytesInMemory,
        int changesWaiting,
        int hashesRunning,
        int hashesWaiting,
        Memory memory,
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
     * @param powEffortMax the most work that a client who is here now has done for tor's own puzzle; 0 while it asks for none
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
            int powEffortMax,
            long circuitsClosed,
            String probe,
            long probeMillis,
            boolean clockAgrees) {}
}
