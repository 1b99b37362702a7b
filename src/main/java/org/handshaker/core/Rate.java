// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.time.Duration;

/** So many at once, and then {@code count} in each {@code per}. */
public record Rate(int burst, int count, Duration per) {}
