// SPDX-License-Identifier: MIT
package org.handshaker.push;

import org.jspecify.annotations.Nullable;

/** Where to wake a device, and the keys to seal for it (RFC 8291, section 2), where it gave some. */
record Subscription(PushEndpoint endpoint, @Nullable DeviceKeys keys) {
    /**
     * @param p256dh an uncompressed point on P-256, 65 bytes in base64url
     * @param auth 16 bytes in base64url
     */
    record DeviceKeys(String p256dh, String auth) {
        @Override
        public String toString() {
            return "DeviceKeys";
        }
    }
}
