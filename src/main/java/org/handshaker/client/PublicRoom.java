// SPDX-License-Identifier: MIT
package org.handshaker.client;

/** A discussion room that everybody may join. */
public record PublicRoom(String room, String topic, long members) {
    static PublicRoom of(Answer answer) {
        return new PublicRoom(answer.text("room"), answer.text("topic"), answer.number("members"));
    }
}
