// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import java.time.Instant;

/**
 * A key that came, or is coming.
 *
 * @param fingerprint of the new key
 * @param effectiveAt when it counts
 */
public record KeyChange(Key key, Stage stage, String fingerprint, Instant effectiveAt) {
    /** Which of a user's keys. */
    public enum Key {
        /** The OpenPGP certificate. */
        PGP("pgp"),
        /** The identity key among the prekeys. */
        IDENTITY("identity");

        private final String text;

        Key(String text) {
            this.text = text;
        }

        public String text() {
            return text;
        }
    }

    /** Of the certificate. */
    public KeyChange(Stage stage, String fingerprint, Instant effectiveAt) {
        this(Key.PGP, stage, fingerprint, effectiveAt);
    }

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
