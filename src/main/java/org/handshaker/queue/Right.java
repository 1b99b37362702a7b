// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import org.jdbi.v3.core.Handle;

/** A sender's right to send to somebody, which may be lost at any moment. Both ways of asking refuse when it is. */
public interface Right {
    /** The relay's own, and tests. */
    Right ALWAYS = new Right() {
        @Override
        public void require() {}

        @Override
        public void require(Handle handle) {}
    };

    /** Asked of memory, before every event, under the recipient's monitor. */
    void require();

    /** Asked of the store as it is within a change, so that nothing is made for somebody who is gone. */
    void require(Handle handle);
}
