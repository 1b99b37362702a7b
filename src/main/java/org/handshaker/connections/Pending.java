// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import java.util.List;

/** The requests that wait for a user's answer and those of the user's own, the ones that expire first in front. */
public record Pending(List<Request> incoming, List<Request> outgoing) {}
