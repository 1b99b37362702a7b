// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import java.time.Instant;

/**
 * A certificate that came, or is coming.
 *
 * @param fingerprint of the new certificate
 * @param effectiveAt when it counts
 */
public record KeyChange(Stage stage, String fingerprint, Instant effectiveAt) {
    /** Each stage is told to the account's contacts as an event of kind {@link #kind()}. */
    public enum Stage {
        /** Will take effect unless it is withdrawn. */
        PENDING("key.pending"),
        EFFECTIVE("key.changed"),
        WITHDRAWN("key.withdrawn");

        private final String kind;

        Stage(String kind) {
            this.kind = kind;
        }

        public String kind() {
            return kind;
        }
    }
}
