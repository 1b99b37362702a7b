// SPDX-License-Identifier: MIT
package org.handshaker.client;

import org.jspecify.annotations.Nullable;

/**
 * What came of an invite.
 *
 * @param kind {@code connection} or {@code group}
 * @param username who made it
 * @param groupId the group one is in now; null where it was to a connection
 */
public record Invited(String kind, String username, @Nullable String groupId) {
    static Invited of(Answer answer) {
        return new Invited(answer.text("kind"), answer.text("username"), answer.textIfAny("group_id"));
    }
}
