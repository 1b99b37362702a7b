// SPDX-License-Identifier: MIT
package org.handshaker.rooms;

import org.handshaker.core.Id;

/** A discussion room as everybody may see it. */
public record PublicRoom(Id room, String topic, int members) {}
