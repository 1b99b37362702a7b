// SPDX-License-Identifier: MIT
package org.handshaker.web;

/** Answers one call; refuses by throwing {@link org.handshaker.core.Refused}. */
@FunctionalInterface
public interface Endpoint {
    Reply handle(Call call);
}
