// SPDX-License-Identifier: MIT
package org.handshaker.tor;

/**
 * How the onion is, in numbers for the operator; nothing about anybody.
 *
 * @param bootstrapPercent how far tor is, 0 to 100; -1 where no tor tells
 * @param isPublished whether a descriptor was uploaded since this tor began to host us
 * @param descriptorUploads descriptors that directories took, since the relay's start
 * @param descriptorFailures descriptors that directories did not take
 * @param torsLost how often tor ended or was lost
 * @param circuits circuits on which clients are now; -1 where no tor tells
 * @param powEffortMax the highest effort, in tor's proof of work, with which one of them was asked for; 0 where none was
 *     needed; -1 where no tor tells
 */
public record OnionVitals(
        int bootstrapPercent,
        boolean isPublished,
        long descriptorUploads,
        long descriptorFailures,
        int torsLost,
        int circuits,
        int powEffortMax) {
    static final OnionVitals UNKNOWN = new OnionVitals(-1, false, 0, 0, 0, -1, -1);
}
