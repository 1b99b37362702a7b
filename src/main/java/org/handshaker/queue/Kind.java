// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.handshaker.core.Reason;

/** What an event is about, as its sender says it: one of six signals, or any other word that is not the relay's own. */
public record Kind(String text) {
    private static final Set<String> SIGNALS = Set.of("offer", "answer", "ice", "ice_candidate", "renegotiate", "bye");
    private static final Pattern FORM = Pattern.compile("[a-z][a-z0-9_.]{0,31}");
    private static final List<String> RESERVED =
            List.of("connection.", "group.", "system.", "key.", "prekeys.", "account.", "room.", "presence.");

    public Kind {
        // Most are signals, and need no second look.
        if (!SIGNALS.contains(text) && (!FORM.matcher(text).matches() || isReserved(text))) {
            throw Reason.MALFORMED.refuse("This kind of event cannot be sent.");
        }
    }

    private static boolean isReserved(String text) {
        for (String reserved : RESERVED) {
            if (text.startsWith(reserved)) {
                return true;
            }
        }
        return false;
    }

    /** A kind that {@code /signaling/send} takes. */
    public static Kind signal(String text) {
        if (!SIGNALS.contains(text)) {
            throw Reason.MALFORMED.refuse("This is not a kind of signal.");
        }
        return new Kind(text);
    }

    public EventClass eventClass() {
        return SIGNALS.contains(text) ? EventClass.SIGNAL : EventClass.MESSAGE;
    }
}
