// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListSet;
import org.handshaker.core.Username;

/** The names that want to be found by prefix, sorted, in memory only. Changed on the commit thread, read by any. */
final class Names {
    private final ConcurrentSkipListSet<String> sorted = new ConcurrentSkipListSet<>();
    private final int max;
    private int size;

    Names(int max) {
        this.max = max;
    }

    /** Past the bound a name is not listed; its owner is still found by it in full. */
    synchronized void add(Username name) {
        if (size < max && sorted.add(name.bare())) {
            size++;
        }
    }

    synchronized void remove(Username name) {
        if (sorted.remove(name.bare())) {
            size--;
        }
    }

    List<Username> startingWith(String prefix, int most) {
        List<Username> found = new ArrayList<>();
        for (String name : sorted.tailSet(prefix)) {
            if (found.size() == most || !name.startsWith(prefix)) {
                break;
            }
            found.add(new Username(name));
        }
        return found;
    }
}
