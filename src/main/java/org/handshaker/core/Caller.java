// SPDX-License-Identifier: MIT
package org.handshaker.core;

/** Who is calling: a signed-in user and the session through which the call came. */
public record Caller(Id user, Id session) {}
