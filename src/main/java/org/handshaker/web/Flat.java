// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.List;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object without objects in it, read field by field. Each field is taken out by whoever knows it; {@link #end} refuses
 * what nobody knew. A field of another type is {@code malformed}, and so is one that must be there and is not, or comes twice;
 * null is as good as not there, for a field that somebody knows.
 */
public final class Flat {
    /** A handful, which is looked through faster than a map is made. */
    private final @Nullable String[] names = new @Nullable String[Limits.FRAME_FIELDS_MAX];

    private final @Nullable Object[] values = new @Nullable Object[Limits.FRAME_FIELDS_MAX];
    private int count;
    private int left;

    Flat() {}

    void add(String name, @Nullable Object value) {
        if (count == names.length || find(name) >= 0) {
            throw Reason.MALFORMED.refuse();
        }
        names[count] = name;
        values[count++] = value;
        left++;
    }

    private int find(String name) {
        for (int i = 0; i < count; i++) {
            if (name.equals(names[i])) {
                return i;
            }
        }
        return -1;
    }

    public String text(String name) {
        return required(maybeText(name));
    }

    public @Nullable String maybeText(String name) {
        return take(name, String.class);
    }

    public @Nullable Long maybeNumber(String name) {
        return take(name, Long.class);
    }

    @SuppressWarnings("unchecked") // There are no other lists.
    public @Nullable List<String> maybeTexts(String name) {
        return take(name, List.class);
    }

    /** Everything that there may be has been asked for. */
    public void end() {
        if (left > 0) {
            throw Reason.MALFORMED.refuse();
        }
    }

    private <T> @Nullable T take(String name, Class<T> type) {
        int found = find(name);
        @Nullable Object value = found < 0 ? null : values[found];
        if (value != null && !type.isInstance(value)) {
            throw Reason.MALFORMED.refuse();
        }
        if (found >= 0) {
            names[found] = null;
            left--;
        }
        return type.cast(value);
    }

    private static <T> T required(@Nullable T value) {
        if (value == null) {
            throw Reason.MALFORMED.refuse("A required field is missing.");
        }
        return value;
    }
}
