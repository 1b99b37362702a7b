// SPDX-License-Identifier: MIT
package org.handshaker.client;

/**
 * The relay took an event over.
 *
 * @param status {@code delivered}: acknowledged by the other side; {@code stored}: on the relay's disk
 */
public record Receipt(String eventId, String status) {
    static Receipt of(Answer answer) {
        return new Receipt(answer.text("event_id"), answer.text("status"));
    }
}
