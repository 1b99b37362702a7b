// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.PrintStream;

/**
 * All that the relay ever prints: a fixed set of sentences for the operator, about the relay itself. Standard output has the
 * lines that programs read ({@code ready …} and {@code onion …}); everything for people goes to standard error. Nothing that
 * comes from a client can get in here.
 */
public class Announcer {
    private final PrintStream out;
    private final PrintStream err;

    public Announcer(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /** It serves at this local address. */
    public void ready(String address) {
        line(out, "ready " + address);
    }

    /** The onion's descriptor is published: clients can find it. */
    public void onion(String address) {
        line(out, "onion http://" + address);
    }

    /** Tells the operator something that no program needs. */
    public void tell(String sentence) {
        line(err, sentence);
    }

    private static synchronized void line(PrintStream stream, String text) {
        stream.println(text);
        stream.flush();
    }
}
