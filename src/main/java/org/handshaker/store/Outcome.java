// SPDX-License-Identifier: MIT
package org.handshaker.store;

/** Hears how a change ended, on the commit thread: keep it short. */
@FunctionalInterface
public interface Outcome {
    void tell(boolean isCommitted);
}
