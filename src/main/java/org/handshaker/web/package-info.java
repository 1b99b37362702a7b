// SPDX-License-Identifier: MIT
/**
 * Jetty and JSON, and nothing about users. A request comes in through the connector (on an onion listener behind
 * {@code CircuitConnection}, which demands tor's PROXY line), is matched by {@link org.handshaker.web.Router} to a
 * {@link org.handshaker.web.Route}, which is data and cannot be written without saying who may call it, and reaches the
 * feature as a {@link org.handshaker.web.Call}; what comes back is a {@link org.handshaker.web.Reply} or a refusal, padded to
 * a size bucket. What may never happen: an answer that tells more than the contract, a body without a limit, a log line.
 */
@NullMarked
package org.handshaker.web;

import org.jspecify.annotations.NullMarked;
