// SPDX-License-Identifier: MIT
package org.handshaker.connections;

/** What asking or answering led to. Where two requests crossed, {@code request} is the one that was accepted by it. */
public record Asked(Request request, Outcome outcome) {}
