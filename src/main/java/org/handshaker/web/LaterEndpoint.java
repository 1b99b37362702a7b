// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.concurrent.CompletionStage;

/** Answers one call when there is something to say, without a thread that waits. */
@FunctionalInterface
public interface LaterEndpoint {
    CompletionStage<Reply> handle(Call call);
}
