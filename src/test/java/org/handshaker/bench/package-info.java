// SPDX-License-Identifier: MIT
/**
 * The benchmark. It starts the fat jar as its users do and measures it from outside, beside what this machine could do at
 * best: the same calls and frames against a Jetty that knows no accounts, no queue and no disk ({@link
 * org.handshaker.bench.RawServer}), the bare password hash, and bare SQLite. Every phase is bounded in count and time, so a
 * run takes about two minutes. Client and relay share the machine: the figures are of both together.
 */
@NullMarked
package org.handshaker.bench;

import org.jspecify.annotations.NullMarked;
