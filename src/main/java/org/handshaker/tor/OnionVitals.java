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
 */
public record OnionVitals(
        int bootstrapPercent,
        boolean isPublished,
        long descriptorUploads,
        long descriptorFailures,
        int torsLost,
        int circuits) {
    static final OnionVitals UNKNOWN = new OnionVitals(-1, false, 0, 0, 0, -1);
}
