// SPDX-License-Identifier: MIT
package org.handshaker.web;

/** The type of a body field that earlier clients send and this relay drops unread: whatever it holds is skipped, not kept. */
public record Unread() {}
