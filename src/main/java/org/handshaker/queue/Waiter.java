// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.concurrent.CompletableFuture;

/** A long-poll that waits for the first event it wants. */
record Waiter(Wanted wanted, CompletableFuture<Void> woken) {}
