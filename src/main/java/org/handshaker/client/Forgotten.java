// SPDX-License-Identifier: MIT
package org.handshaker.client;

/**
 * A reset that was asked for.
 *
 * @param challenge an armored OpenPGP message to the account's key, which holds the code
 */
public record Forgotten(String resetId, String challenge) {
    @Override
    public String toString() {
        return "Forgotten";
    }
}
