// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** How often the relay has refused since its start, by reason; in memory only, and nothing about whom. */
public final class Refusals {
    private final Map<Reason, LongAdder> counts = new EnumMap<>(Reason.class);

    public Refusals() {
        for (Reason reason : Reason.values()) {
            counts.put(reason, new LongAdder());
        }
    }

    public void count(Reason reason) {
        @Nullable LongAdder count = counts.get(reason);
        if (count != null) {
            count.increment();
        }
    }

    /** Those that were refused at all, by their code. */
    public Map<String, Long> byCode() {
        Map<String, Long> byCode = new TreeMap<>();
        counts.forEach((reason, count) -> {
            if (count.sum() > 0) {
                byCode.put(reason.code(), count.sum());
            }
        });
        return byCode;
    }
}
